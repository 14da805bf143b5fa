//! What Prometheus is shown.

use larder::{Cache, Tag};
use larder_metrics::Metrics;
use metrics_exporter_prometheus::PrometheusBuilder;

#[test]
fn what_happened_is_shown_by_cache_and_group() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let page = metrics::with_local_recorder(&recorder, || {
        let metrics = Metrics::new("shop");
        let cache = Cache::builder().observer(metrics.clone()).build();
        let cache = cache.expect("the settings are valid");
        runtime.block_on(async {
            let load = async || Ok::<_, std::io::Error>(99);
            let read = || {
                let read = cache.get_or_load(("price", "secret"), load);
                read.tags([Tag::named("prices")])
            };
            for _ in 0..3 {
                read().await.expect("it loads");
            }
            let bumped = cache.invalidate([Tag::named("prices")]).await;
            bumped.expect("memory answers");
            read().await.expect("it loads");
        });
        metrics.collect(&cache);
        metrics.collect(&cache);
        recorder.handle().render()
    });
    for line in [
        "larder_hits_total{cache=\"shop\",group=\"price\"} 2",
        "larder_misses_total{cache=\"shop\",group=\"price\"} 2",
        "larder_miss_reasons_total{cache=\"shop\",group=\"price\",reason=\"absent\"} 1",
        "larder_miss_reasons_total{cache=\"shop\",group=\"price\",reason=\"invalidated\"} 1",
        "larder_load_seconds_count{cache=\"shop\",group=\"price\"} 2",
        "larder_writes_total{cache=\"shop\"} 1",
        "larder_bumps_total{cache=\"shop\"} 1",
        "larder_loads_running{cache=\"shop\"} 0",
        "# HELP larder_hits_total fresh entries served",
    ] {
        assert!(page.contains(line), "{line} in\n{page}");
    }
    assert!(!page.contains("secret"), "no key is shown:\n{page}");
}
