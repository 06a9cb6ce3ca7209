//! The border between Python and Rust: translation only, no decision of any kind.

use pyo3::prelude::*;

/// The extension module `plate_core._plate_core`.
#[pymodule]
fn _plate_core(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
