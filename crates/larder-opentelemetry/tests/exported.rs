//! What an exporter is given.

use larder::{Cache, Tag};
use larder_opentelemetry::Instruments;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// `name{attributes} amount`, for all that was exported last.
fn shown(exported: &ResourceMetrics) -> Vec<String> {
    let mut lines = Vec::new();
    let metrics = exported.scope_metrics().flat_map(|scope| scope.metrics());
    for metric in metrics {
        let mut line = |attributes: Vec<&KeyValue>, amount: u64| {
            let attributes = attributes.iter();
            let mut attributes: Vec<String> = attributes
                .map(|pair| format!("{}={}", pair.key, pair.value))
                .collect();
            attributes.sort();
            lines.push(format!(
                "{}{{{}}} {amount}",
                metric.name(),
                attributes.join(",")
            ));
        };
        match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
                .data_points()
                .for_each(|point| line(point.attributes().collect(), point.value())),
            AggregatedMetrics::U64(MetricData::Gauge(gauge)) => gauge
                .data_points()
                .for_each(|point| line(point.attributes().collect(), point.value())),
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .for_each(|point| line(point.attributes().collect(), point.count())),
            _ => {}
        }
    }
    lines
}

#[tokio::test]
async fn what_happened_is_exported_by_cache_and_group() {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let meter = provider.meter("larder");
    let instruments = Instruments::new(&meter, "shop");
    let cache = Cache::builder().observer(instruments.clone()).build();
    let cache = cache.expect("the settings are valid");
    instruments.watch(&meter, &cache);
    let load = async || Ok::<_, std::io::Error>(99);
    let read = || {
        let read = cache.get_or_load(("price", 7), load);
        read.tags([Tag::named("prices")])
    };
    for _ in 0..3 {
        read().await.expect("it loads");
    }
    let bumped = cache.invalidate([Tag::named("prices")]).await;
    bumped.expect("memory answers");
    read().await.expect("it loads");

    provider.force_flush().expect("it exports");
    let exported = exporter.get_finished_metrics().expect("it has exported");
    let lines = shown(exported.last().expect("it has exported"));
    for line in [
        "larder.hits{cache=shop,group=price} 2",
        "larder.misses{cache=shop,group=price} 2",
        "larder.miss_reasons{cache=shop,group=price,reason=absent} 1",
        "larder.miss_reasons{cache=shop,group=price,reason=invalidated} 1",
        "larder.load_seconds{cache=shop,group=price} 2",
        "larder.writes{cache=shop} 1",
        "larder.bumps{cache=shop} 1",
        "larder.loads_running{cache=shop} 0",
    ] {
        assert!(
            lines.iter().any(|shown| shown == line),
            "{line} in {lines:#?}"
        );
    }
}
