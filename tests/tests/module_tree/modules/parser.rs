//! Parses the paths in a file.

use super::{Module, Modules, WrittenPath};
use crate::tokens::Token;

/// Parses the tokens of one file.
pub(super) struct Parser<'t, 'm> {
    tokens: &'t [Token],
    depth: usize,
    /// The current modules, from the file's own to the innermost, each with its nesting depth.
    open: Vec<(usize, Module)>,
    modules: &'m mut Modules,
}

impl<'t, 'm> Parser<'t, 'm> {
    pub(super) fn new(tokens: &'t [Token], module: Module, modules: &'m mut Modules) -> Self {
        Self {
            tokens,
            depth: 0,
            open: vec![(0, module)],
            modules,
        }
    }

    pub(super) fn run(mut self) {
        while let Some((token, rest)) = self.tokens.split_first() {
            self.tokens = rest;
            match token {
                Token::Punctuation('{') => self.depth += 1,
                Token::Punctuation('}') => {
                    self.depth -= 1;
                    self.open.retain(|(depth, _)| *depth <= self.depth);
                }
                Token::Word(word) if word == "pub" => self.skip_visibility(),
                Token::Word(word) if word == "mod" => self.module(),
                Token::Word(word) if word == "use" => self.import(),
                Token::Word(word) => self.path(word.clone()),
                // What follows `Type<T>::` is not a separate path.
                Token::PathSeparator => {
                    self.word();
                }
                Token::Punctuation(_) => {}
            }
        }
    }

    /// `pub(in crate::name)` names a module without using it.
    fn skip_visibility(&mut self) {
        if self.takes('(') {
            while !self.tokens.is_empty() && !self.takes(')') {
                self.tokens = self.tokens.get(1..).unwrap_or_default();
            }
        }
    }

    fn module(&mut self) {
        let Some(name) = self.word() else { return };
        if self.takes('{') {
            self.depth += 1;
            let mut module = self.module_here();
            module.push(name);
            self.modules.0.entry(module.clone()).or_default();
            self.open.push((self.depth, module));
        }
    }

    fn import(&mut self) {
        self.import_tree(&WrittenPath::new());
    }

    /// One path of a `use` item, or several in braces.
    fn import_tree(&mut self, prefix: &[String]) {
        let mut path = prefix.to_vec();
        loop {
            if self.takes('{') {
                while !self.tokens.is_empty() && !self.takes('}') {
                    self.import_tree(&path);
                    self.takes(',');
                }
                return;
            }
            if self.takes('*') {
                return self.add_path(path);
            }
            match self.word() {
                Some(word) if word == "self" && !path.is_empty() => {}
                Some(word) => path.push(word),
                None => return self.skip_one(),
            }
            if !self.separates() {
                break;
            }
        }
        let mut name = path.last().cloned();
        if self.tokens.first() == Some(&Token::Word("as".to_owned())) {
            self.word();
            name = self.word();
        }
        // A `use` inside a function imports no name into the module.
        if let Some((depth, module)) = self.open.last()
            && *depth == self.depth
            && let (Some(name), Some(content)) = (name, self.modules.0.get_mut(module))
        {
            content.imports.insert(name, path.clone());
        }
        self.add_path(path);
    }

    fn path(&mut self, first: String) {
        let mut path = vec![first];
        while self.separates() {
            match self.word() {
                Some(word) => path.push(word),
                None => break,
            }
        }
        if path.len() > 1 {
            self.add_path(path);
        }
    }

    fn add_path(&mut self, path: WrittenPath) {
        let module = self.module_here();
        if let Some(content) = self.modules.0.get_mut(&module) {
            content.paths.push(path);
        }
    }

    fn module_here(&self) -> Module {
        let innermost = self.open.last();
        innermost
            .map(|(_, module)| module.clone())
            .unwrap_or_default()
    }

    fn word(&mut self) -> Option<String> {
        let (Token::Word(word), rest) = self.tokens.split_first()? else {
            return None;
        };
        self.tokens = rest;
        Some(word.clone())
    }

    fn separates(&mut self) -> bool {
        self.takes_token(&Token::PathSeparator)
    }

    fn takes(&mut self, punctuation: char) -> bool {
        self.takes_token(&Token::Punctuation(punctuation))
    }

    fn takes_token(&mut self, token: &Token) -> bool {
        let (true, Some(rest)) = (self.tokens.first() == Some(token), self.tokens.get(1..)) else {
            return false;
        };
        self.tokens = rest;
        true
    }

    fn skip_one(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }
}
