use crate::write::WriteId;

/// The id of a write was already used for another method, or for another agent or task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the write id {id} was already used for a different write")]
pub struct WriteConflict {
    id: WriteId,
}

impl WriteConflict {
    /// Creates the error.
    #[must_use]
    pub const fn new(id: WriteId) -> Self {
        Self { id }
    }

    /// Returns the id of the write.
    #[must_use]
    pub const fn id(&self) -> WriteId {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_the_write() {
        let text = "0199c2f0-0000-7000-8000-000000000001";
        let conflict = WriteConflict::new(text.parse().unwrap());

        assert_eq!(
            conflict.to_string(),
            format!("the write id {text} was already used for a different write")
        );
        assert_eq!(conflict.id().to_string(), text);
    }
}
