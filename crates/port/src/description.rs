//! The description of a port, parsed from its trait.

use proc_macro2::Span;
use syn::{
    Attribute, Error, FnArg, Ident, ItemTrait, LitStr, Pat, Result, Signature, TraitItem,
    TraitItemFn, Visibility,
};

/// A port, as far as other code follows from it.
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) port: Ident,
    /// The `#[async_trait]` of the trait, which each implementation has as well.
    pub(crate) async_trait: Attribute,
    pub(crate) methods: Vec<Method>,
}

pub(crate) struct Method {
    pub(crate) signature: Signature,
    pub(crate) arguments: Vec<Ident>,
    /// The constructor of its operation.
    pub(crate) mark: Ident,
}

impl Description {
    /// Reads the trait and removes the marks from it.
    pub(crate) fn take(name: &LitStr, port: &mut ItemTrait) -> Result<Self> {
        let methods: Vec<Result<Method>> = port.items.iter_mut().map(Method::take).collect();
        let async_trait = |attribute: &&Attribute| {
            let last = attribute.path().segments.last();
            last.is_some_and(|segment| segment.ident == "async_trait")
        };
        let Some(async_trait) = port.attrs.iter().find(async_trait) else {
            let message = "put `#[async_trait]` between `#[port]` and the trait";
            return Err(Error::new(Span::call_site(), message));
        };
        Ok(Self {
            name: name.value(),
            visibility: port.vis.clone(),
            port: port.ident.clone(),
            async_trait: async_trait.clone(),
            methods: methods.into_iter().collect::<Result<_>>()?,
        })
    }
}

impl Method {
    fn take(item: &mut TraitItem) -> Result<Self> {
        let TraitItem::Fn(method) = item else {
            return Err(Error::new_spanned(item, "a port can contain only methods"));
        };
        let mark = Self::take_mark(method)?;
        let signature = &method.sig;
        if let Some(body) = &method.default {
            let message =
                "a port's method cannot have a default body: put it in an extension trait";
            return Err(Error::new_spanned(body, message));
        }
        if signature.asyncness.is_none() || signature.receiver().is_none() {
            let message = "a port's method must be an `async fn` that takes `&self`";
            return Err(Error::new_spanned(signature, message));
        }
        let arguments = signature.inputs.iter().skip(1).map(name_of);
        Ok(Self {
            arguments: arguments.collect::<Result<_>>()?,
            signature: signature.clone(),
            mark,
        })
    }

    fn take_mark(method: &mut TraitItemFn) -> Result<Ident> {
        let as_mark = |attribute: &Attribute| {
            let name = attribute.path().get_ident()?;
            ["read", "idempotent", "once"]
                .iter()
                .any(|mark| name == mark)
                .then(|| name.clone())
        };
        let marks: Vec<Ident> = method.attrs.iter().filter_map(as_mark).collect();
        method
            .attrs
            .retain(|attribute| as_mark(attribute).is_none());
        match marks.as_slice() {
            [mark] => Ok(mark.clone()),
            _ => Err(Error::new_spanned(
                &method.sig.ident,
                "mark the method with one of `#[read]`, `#[idempotent]` and `#[once]`",
            )),
        }
    }
}

fn name_of(argument: &FnArg) -> Result<Ident> {
    if let FnArg::Typed(typed) = argument
        && let Pat::Ident(name) = &*typed.pat
    {
        return Ok(name.ident.clone());
    }
    let message = "an argument of a port's method must be a plain name";
    Err(Error::new_spanned(argument, message))
}
