//! Prints what Prometheus would be shown of a cache.

use std::error::Error;

use larder::Cache;
use larder_metrics::Metrics;
use metrics_exporter_prometheus::PrometheusBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let prometheus = PrometheusBuilder::new().install_recorder()?;
    let metrics = Metrics::new("shop");
    let cache = Cache::builder().observer(metrics.clone()).build()?;
    for _ in 0..10 {
        let load = async || Ok::<_, std::io::Error>(99);
        cache.get_or_load(("price", 7), load).await?;
    }
    // In the handler of `/metrics`:
    metrics.collect(&cache);
    print!("{}", prometheus.render());
    Ok(())
}
