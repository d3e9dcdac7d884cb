//! What follows from the description of a port.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::description::{Description, Method};

pub(crate) fn all(description: &Description) -> TokenStream {
    let forwarding = forwarding(description);
    let operations = operations(description);
    quote! { #forwarding #operations }
}

fn forwarding(description: &Description) -> TokenStream {
    let Description {
        port, async_trait, ..
    } = description;
    // A name that no argument can be taken for.
    let to = Ident::new("to", Span::mixed_site());
    let wrapper = Ident::new("W", Span::mixed_site());
    let methods = description.methods.iter().map(|method| {
        let Method {
            signature,
            arguments,
            ..
        } = method;
        let (name, operation) = (&signature.ident, operation(method));
        quote! {
            #signature {
                ::tasktrail_domain::repository::Forward::forward(
                    self,
                    operation::#operation,
                    |#to| #to.#name(#(#arguments),*),
                )
                .await
            }
        }
    });
    quote! {
        /// A wrapper of a repository is a repository.
        #async_trait
        impl<#wrapper> #port for #wrapper
        where
            #wrapper: ::tasktrail_domain::repository::Forward,
            #wrapper::To: #port,
        {
            #(#methods)*
        }
    }
}

fn operations(description: &Description) -> TokenStream {
    let Description {
        name,
        visibility,
        port,
        ..
    } = description;
    let operations = description.methods.iter().map(|method| {
        let (method_name, mark) = (&method.signature.ident, &method.mark);
        let documentation = format!("[`{method_name}`](super::{port}::{method_name}).");
        let operation = operation(method);
        let full_name = format!("{name}.{method_name}");
        quote! {
            #[doc = #documentation]
            #visibility const #operation: Operation = Operation::#mark(#full_name);
        }
    });
    quote! {
        /// The port's methods by name, for errors, logs and metrics.
        #visibility mod operation {
            use ::tasktrail_domain::repository::Operation;

            #(#operations)*
        }
    }
}

/// Its span is that of the method, so that an editor goes from the constant to the method.
fn operation(method: &Method) -> Ident {
    let name = &method.signature.ident;
    format_ident!("{}", name.to_string().to_uppercase(), span = name.span())
}
