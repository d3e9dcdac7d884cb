//! Converts the columns of `task` to the definition of a task.

use diesel::sql_types::{Integer, Jsonb, Nullable, Text};
use tasktrail_domain::orchestration::task::{
    Description, MaxAttempts, Priority, Tags, TaskDefinition, TimeLimit, Title,
};
use tasktrail_domain::{Document, InvalidValue, TaskId, TaskKey};
use tasktrail_postgres_client::error::StoreError;

use crate::error::corrupt;
use crate::jsonb_result::{StoredDocument, StoredJson};

/// The columns of a definition by their SQL types: title, description, parent, tags, requirements,
/// required capabilities, context, priority, maximum of attempts and time limit.
pub(in crate::orchestration) type DefinitionColumns = (
    Text,
    Text,
    Nullable<Text>,
    Jsonb,
    Jsonb,
    Jsonb,
    Jsonb,
    Integer,
    Integer,
    Nullable<Integer>,
);

/// The values of [`DefinitionColumns`].
pub(in crate::orchestration) type DefinitionRow = (
    String,
    String,
    Option<String>,
    StoredJson,
    StoredDocument,
    StoredDocument,
    StoredDocument,
    i32,
    i32,
    Option<i32>,
);

/// Converts the columns to the definition of a task.
pub(in crate::orchestration) fn definition(
    key: &TaskKey,
    row: DefinitionRow,
) -> Result<TaskDefinition, StoreError> {
    let (
        title,
        description,
        parent,
        tags,
        requirements,
        capabilities,
        context,
        priority,
        max_attempts,
        time_limit,
    ) = row;
    let refused = |column| move |source: InvalidValue| corrupt("task", column, key, source);
    let document = |column, StoredDocument(document): StoredDocument| -> Result<Document, _> {
        document.map_err(refused(column))
    };
    let mut definition = TaskDefinition::new(Title::new(title).map_err(refused("title"))?);
    definition.description = Description::new(description).map_err(refused("description"))?;
    let parent = parent.map(|parent| TaskId::new(parent).map_err(refused("parent_id")));
    definition.parent = parent.transpose()?;
    definition.tags = tags_of(key, tags)?;
    definition.requirements = document("requirements", requirements)?;
    definition.required_capabilities = document("required_capabilities", capabilities)?;
    definition.context = document("context", context)?;
    definition.priority = Priority::new(priority.into()).map_err(refused("priority"))?;
    definition.max_attempts =
        MaxAttempts::new(max_attempts.into()).map_err(refused("max_attempts"))?;
    let limit = time_limit.map(|limit| TimeLimit::new(limit.into()).map_err(refused("time_limit")));
    definition.time_limit = limit.transpose()?;
    Ok(definition)
}

fn tags_of(key: &TaskKey, StoredJson(json): StoredJson) -> Result<Tags, StoreError> {
    let tags = json.and_then(|json| json.deserialize());
    tags.map_err(|source| corrupt("task", "tags", key, source))
}
