//! `GET /metrics`: what a server has counted, in Prometheus text.
//!
//! The machines count for themselves; what they have counted is read when somebody asks, and encoded by
//! `prometheus-client`.

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The content type of what [`Figures::encode`] gives.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Figures of one server, by name and meaning.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    figures: Vec<Figure>,
}

#[derive(Debug)]
struct Figure {
    name: &'static str,
    help: &'static str,
    value: Value,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Counter(u64),
    Gauge(u64),
}

impl Figures {
    /// Adds one that only grows. `name` without the ending `_total`, which the encoding adds.
    pub(crate) fn counter(mut self, name: &'static str, help: &'static str, value: u64) -> Self {
        self.figures.push(Figure { name, help, value: Value::Counter(value) });
        self
    }

    /// Adds one that goes up and down.
    pub(crate) fn gauge(mut self, name: &'static str, help: &'static str, value: u64) -> Self {
        self.figures.push(Figure { name, help, value: Value::Gauge(value) });
        self
    }

    /// The figures in Prometheus text.
    ///
    /// # Errors
    /// Never in practice: writing to a text cannot fail.
    pub(crate) fn encode(self) -> Result<String, std::fmt::Error> {
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl prometheus_client::collector::Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for Figure { name, help, value } in &self.figures {
            match *value {
                Value::Counter(value) => {
                    let counter = ConstCounter::new(value);
                    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
                }
                Value::Gauge(value) => {
                    let gauge = ConstGauge::new(value);
                    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_encoded_as_prometheus_reads_them() {
        let figures = Figures::default().counter("lode_queries", "Locate queries begun.", 3);
        let text = figures.gauge("lode_members", "Data servers known.", 6).encode().unwrap();
        assert!(
            text.contains(
                "# HELP lode_queries Locate queries begun.\n# TYPE lode_queries counter\nlode_queries_total 3"
            ),
            "{text}"
        );
        assert!(text.contains("# TYPE lode_members gauge\nlode_members 6\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
