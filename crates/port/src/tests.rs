use quote::quote;

use super::{Tokens, expand};

fn described(method: &Tokens) -> String {
    let port = quote! {
        #[async_trait]
        pub trait Greeting {
            #method
        }
    };
    expand(quote!("greeting"), &port).to_string()
}

#[test]
fn the_trait_comes_back_without_the_marks() {
    let port = described(&quote! { #[once] async fn greet(&self, name: &str) -> Result<String>; });

    let as_written = "# [async_trait] pub trait Greeting { \
                      async fn greet (& self , name : & str) -> Result < String > ; }";
    assert!(port.starts_with(as_written), "{port}");
    assert!(!port.contains("compile_error"), "{port}");
}

#[test]
fn what_a_wrapper_could_forget_or_not_repeat_is_refused() {
    let both = "one of `#[read]`, `#[idempotent]` and `#[once]`";
    let cases = [
        (quote! { async fn greet(&self) -> Result<()>; }, both),
        (
            quote! { #[once] #[idempotent] async fn greet(&self) -> Result<()>; },
            both,
        ),
        (
            quote! { #[once] async fn greet(&self) -> Result<()> { Ok(()) } },
            "cannot have a default body",
        ),
        (
            quote! { #[once] fn greet(&self) -> Result<()>; },
            "`async fn`",
        ),
        (
            quote! { #[once] async fn greet() -> Result<()>; },
            "`&self`",
        ),
        (
            quote! { #[once] async fn greet(&self, (a, b): (u8, u8)) -> Result<()>; },
            "a plain name",
        ),
        (quote! { const GREETING: &str; }, "only methods"),
    ];
    for (method, message) in cases {
        let refused = described(&method);
        assert!(refused.contains("compile_error"), "{refused}");
        assert!(refused.contains(message), "{message}: {refused}");
        assert!(
            refused.starts_with("# [async_trait] pub trait Greeting"),
            "{refused}"
        );
    }
}

#[test]
fn a_port_is_an_async_trait() {
    let refused = expand(quote!("greeting"), &quote! { pub trait Greeting {} }).to_string();

    assert!(refused.contains("put `#[async_trait]`"), "{refused}");
}

#[test]
fn a_trait_that_is_being_typed_comes_back_as_it_is() {
    let unfinished = quote! { pub trait Greeting { async fn gre } };

    let refused = expand(quote!("greeting"), &unfinished).to_string();

    assert!(refused.starts_with(&unfinished.to_string()), "{refused}");
    assert!(refused.contains("compile_error"), "{refused}");
}
