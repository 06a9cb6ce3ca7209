//! What the server says it spent: its own statistics, which no client's slowness blurs.

use crate::Fault;

/// What was spent since the server started.
#[derive(Copy, Clone)]
pub(crate) struct Spent {
    /// Inside functions, µs.
    pub(crate) functions_us: f64,
    /// The whole process, µs: reading, writing and the append-only file among it.
    pub(crate) cpu_us: f64,
}

impl Spent {
    pub(crate) fn read(client: &mut redis::Connection) -> Result<Self, Fault> {
        let stats = info(client, "commandstats")?;
        let functions = stats.split_once("cmdstat_fcall:").map_or("", |(_, rest)| rest);
        let cpu = info(client, "cpu")?;
        let seconds = number_after(&cpu, "used_cpu_sys:")? + number_after(&cpu, "used_cpu_user:")?;
        Ok(Self { functions_us: number_after(functions, "usec=")?, cpu_us: seconds * 1e6 })
    }
}

/// What everything in the server takes, bytes.
pub(crate) fn used_memory(client: &mut redis::Connection) -> Result<f64, Fault> {
    number_after(&info(client, "memory")?, "used_memory:")
}

fn info(client: &mut redis::Connection, section: &str) -> Result<String, Fault> {
    Ok(redis::cmd("INFO").arg(section).query(client)?)
}

fn number_after(text: &str, name: &str) -> Result<f64, Fault> {
    let (_, rest) = text.split_once(name).ok_or_else(|| format!("the server does not say {name}"))?;
    Ok(rest.split([',', '\r']).next().unwrap_or_default().parse()?)
}
