//! Plans in files.

use std::fs;
use std::path::Path;

use lode_sim::plan::Plan;
use serde::Serialize;

use super::failure::Failure;

/// The plan in the file.
///
/// # Errors
/// If the file cannot be read, or holds no plan.
pub(super) fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| Failure::File { action: "read", path: path.to_owned(), error })?;
    serde_json::from_str(&text).map_err(|error| Failure::NoPlan { path: path.to_owned(), error })
}

/// Writes a file that was asked for.
///
/// # Errors
/// If that is not possible.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::File { action: "write", path: path.to_owned(), error })
}

/// The plan as JSON with a line for each entry, so that entries can be read, and taken out, one by one.
///
/// # Errors
/// If it cannot be put into JSON.
pub(super) fn plan_text(plan: &Plan) -> Result<String, Failure> {
    // All fields by name, so that one more cannot be forgotten here.
    let Plan { seed, cluster, pace, operations, faults, calm_at_us } = plan;
    let (cluster, pace) = (line(cluster)?, line(pace)?);
    let (operations, faults) = (lines(operations)?, lines(faults)?);
    Ok(format!(
        "{{\n  \"seed\": {seed},\n  \"cluster\": {cluster},\n  \"pace\": {pace},\n  \"operations\": {operations},\n  \
         \"faults\": {faults},\n  \"calm_at_us\": {calm_at_us}\n}}\n"
    ))
}

fn lines<T: Serialize>(entries: &[T]) -> Result<String, Failure> {
    let lines: Vec<String> = entries.iter().map(line).collect::<Result<_, _>>()?;
    Ok(if lines.is_empty() { "[]".to_owned() } else { format!("[\n    {}\n  ]", lines.join(",\n    ")) })
}

fn line<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::Json)
}
