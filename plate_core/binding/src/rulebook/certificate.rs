//! The certificate of a price as a dictionary: what `explain` gives.

use plate_algebra::certificate::Ruling;
use plate_algebra::money::CURRENCY;
use plate_algebra::tariff::Offer;
use plate_algebra::{Certificate, Formats, Tariff};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::facts::{names, tariff_head};

type Facts<'py> = PyResult<Bound<'py, PyDict>>;

pub(super) fn facts<'py>(py: Python<'py>, formats: &Formats, certificate: &Certificate<'_>) -> Facts<'py> {
    let mark = certificate.mark;
    let tier = certificate.price.map(|price| price.tier);
    let one = PyDict::new(py);
    one.set_item("mark", &certificate.text)?;
    one.set_item("display", formats.display(mark))?;
    one.set_item("pool", formats.pool_id(mark.pool()))?;
    one.set_item("format", &certificate.format.id)?;
    one.set_item("region", mark.region.to_string())?;
    one.set_item("digits", certificate.format.digits_text(mark.digits))?;
    one.set_item("series", certificate.format.series_text(mark.series))?;
    one.set_item("acquired", certificate.acquired.word())?;
    one.set_item("on", certificate.on.to_string())?;
    one.set_item("tier", tier.map(|tier| tier.id.as_str()))?;
    one.set_item("tier_names", tier.map(|tier| names(py, &tier.names)).transpose()?)?;
    one.set_item("tags", certificate.tags.iter().map(|tag| tag.id.as_str()).collect::<Vec<_>>())?;
    one.set_item("withheld", certificate.withheld.is_some())?;
    one.set_item("withheld_reason", withheld_reason(py, certificate)?)?;
    one.set_item("tariff", tariff_head(py, certificate.tariff)?)?;
    one.set_item("mci", mci(py, certificate)?)?;
    let rulings = certificate.rules.iter().map(|ruling| rule(py, certificate.tariff, ruling));
    one.set_item("rules", rulings.collect::<PyResult<Vec<_>>>()?)?;
    one.set_item("price", price(py, certificate)?)?;
    Ok(one)
}

fn withheld_reason<'py>(
    py: Python<'py>,
    certificate: &Certificate<'_>,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(entry) = certificate.withheld else { return Ok(None) };
    let one = names(py, &entry.reason)?;
    one.set_item("id", &entry.id)?;
    one.set_item("sure", entry.sure.letters())?;
    one.set_item("note", &entry.note)?;
    Ok(Some(one))
}

fn mci<'py>(py: Python<'py>, certificate: &Certificate<'_>) -> Facts<'py> {
    let one = PyDict::new(py);
    one.set_item("value_tenge", certificate.mci.value_tenge)?;
    one.set_item("in_force_from", certificate.mci.in_force_from.to_string())?;
    one.set_item("in_force_until", certificate.mci.in_force_until.to_string())?;
    one.set_item("sure", certificate.mci.sure.letters())?;
    one.set_item("source", &certificate.mci.source)?;
    Ok(one)
}

fn rule<'py>(py: Python<'py>, tariff: &Tariff, ruling: &Ruling<'_>) -> Facts<'py> {
    let offer = match ruling.rule.offer {
        Offer::Tier(tier) => tariff.tier(tier).map(|tier| tier.id.as_str()),
        Offer::NotOffered => None,
    };
    let clause = match ruling.clause {
        None => None,
        Some(clause) => {
            let one = names(py, &clause.text)?;
            one.set_item("id", &clause.id)?;
            Some(one)
        }
    };
    let one = PyDict::new(py);
    one.set_item("id", &ruling.rule.id)?;
    one.set_item("order", ruling.order)?;
    one.set_item("matched", ruling.matched)?;
    one.set_item("won", ruling.won)?;
    one.set_item("offer", offer)?;
    one.set_item("digits", &ruling.rule.digits)?;
    one.set_item("series", &ruling.rule.series)?;
    one.set_item("clause", clause)?;
    one.set_item("sure", ruling.rule.sure.letters())?;
    one.set_item("note", &ruling.rule.note)?;
    Ok(one)
}

fn price<'py>(py: Python<'py>, certificate: &Certificate<'_>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(price) = &certificate.price else { return Ok(None) };
    let one = PyDict::new(py);
    one.set_item("mci", price.mci.to_string())?;
    one.set_item("mci_value_tenge", price.mci_value_tenge)?;
    one.set_item("amount_tiyn", price.amount.0)?;
    one.set_item("currency", CURRENCY)?;
    Ok(Some(one))
}
