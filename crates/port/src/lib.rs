//! The attribute [`macro@port`], by which the signatures of a port are written once: in its trait.
//!
//! Use it as `tasktrail_domain::repository::port`, next to the types that its output names.

mod derived;
mod description;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{ItemTrait, LitStr};

use self::description::Description;

/// Describes a port: implements it for every wrapper and names its operations.
///
/// Put it above `#[async_trait]`. The argument is the first part of the operations' names. Mark each
/// method with the constructor of its `Operation`: `#[read]` if it changes nothing, `#[idempotent]` if
/// a repetition changes nothing and returns the same, otherwise `#[once]`.
///
/// ```
/// use std::fmt;
///
/// use async_trait::async_trait;
/// use tasktrail_domain::repository::{Result, port};
///
/// /// Greets people.
/// #[port("greeting")]
/// #[async_trait]
/// pub trait Greeting: fmt::Debug + Send + Sync {
///     /// Greets a person.
///     #[idempotent]
///     async fn greet(&self, name: &str) -> Result<String>;
/// }
///
/// assert_eq!(operation::GREET.name(), "greeting.greet");
/// ```
///
/// The trait remains as it is written, without the marks. The attribute adds:
///
/// ```ignore
/// #[async_trait]
/// impl<W: Forward> Greeting for W
/// where
///     W::To: Greeting,
/// {
///     async fn greet(&self, name: &str) -> Result<String> {
///         self.forward(operation::GREET, |to| to.greet(name)).await
///     }
/// }
///
/// pub mod operation {
///     pub const GREET: Operation = Operation::idempotent("greeting.greet");
/// }
/// ```
///
/// # Errors
///
/// A method does not compile if it has no mark, has a default body, is not `async` or does not take
/// `&self`. Neither does an argument that is passed by value and is not `Copy`, because a retry could
/// not repeat the call.
#[proc_macro_attribute]
pub fn port(name: TokenStream, item: TokenStream) -> TokenStream {
    expand(name.into(), &item.into()).into()
}

/// Returns the trait even if it has errors, so that an editor still knows its methods.
fn expand(name: Tokens, item: &Tokens) -> Tokens {
    let parsed: syn::Result<(LitStr, ItemTrait)> =
        syn::parse2(name).and_then(|name| Ok((name, syn::parse2(item.clone())?)));
    let (name, mut port) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = error.into_compile_error();
            return quote! { #item #error };
        }
    };
    let derived = match Description::take(&name, &mut port) {
        Ok(description) => derived::all(&description),
        Err(error) => error.into_compile_error(),
    };
    quote! { #port #derived }
}
