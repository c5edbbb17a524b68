using System.Diagnostics.Metrics;
using Amalgam.ControlPlane.Loops;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Gateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Amalgam.Hosting;

/// <summary>/metrics in Prometheus text: the gateway's instruments, and the pool, the queue, the journal and the loops read from the state when asked.</summary>
internal sealed class Metrics : IDisposable
{
    private const string MeterName = "Amalgam.Cloud";
    private const string Path = "/metrics";

    private readonly Meter _meter = new(MeterName);

    public Metrics(Cloud cloud, Pool pool, ICatalogue catalogue, IEnumerable<Loop> loops, Callers callers)
    {
        Callers = callers;
        Gauge("amalgam_chip_devices", "Devices by class and state.", () => Devices(cloud, pool, catalogue));
        Gauge("amalgam_chip_scarcity_price", "What one more device would be worth; 0 = abundant.", () => pool.Plan is { } plan ? [.. plan.Prices.Select(price => Of(price.Millionths / 1e6, ("chip_class", price.ChipClass)))] : []);
        Gauge("amalgam_leases", "Open leases by chip class.", () => cloud.Read(state => state.OpenLeases.GroupBy(lease => lease.ChipClass).Select(group => Of(group.Count(), ("chip_class", group.Key))).ToList()));
        Gauge("amalgam_workloads", "Open workloads by phase.", () => cloud.Read(state => state.OpenWorkloads.GroupBy(state.Phase).Select(group => Of(group.Count(), ("phase", WorkloadViews.Kebab(group.Key.ToString())))).ToList()));
        Gauge("amalgam_waiting_workloads", "Workloads that wait, by reason.", () => cloud.Read(_ => pool.Plan is { } plan ? plan.Pending.Counts().Select(waiting => Of(waiting.Count, ("reason", PendingReasons.Code(waiting.Reason)))).ToList() : []));
        Gauge("amalgam_replica_resident_mib", "Memory of replicas and jobs.", () => cloud.Read(state => state.OpenLeases.Select(lease => Of(pool.Sight(lease.Id).Observation?.ResidentMiB ?? 0, ("lease", lease.Id), ("workload", lease.WorkloadId))).ToList()));
        Gauge("amalgam_broken_laws", "Violations of the allocator's laws since the start, found by the plan checker.", () => [.. loops.OfType<PlanLoop>().Select(loop => Of(loop.Violations))]);
        Gauge("amalgam_allocation_gap", "Certificate of the last plan: 0 = proved best.", () => [Of(pool.Plan?.Gap ?? 0)]);
        Gauge("amalgam_requests_open", "Requests begun and not charged yet.", () => [Of(cloud.Read(state => state.Budgets.Held.Requests.Count))]);
        Gauge("amalgam_requests_torn", "Requests that a crash had torn, by what became of them.", () => cloud.Read(state => state.Budgets.Torn) is var torn ? [Of(torn.Marked, ("settled", "marked")), Of(torn.Expired, ("settled", "expired"))] : []);
        Gauge("amalgam_journal_records", "Records in the journal.", () => [Of(cloud.Read(state => state.LastSequence))]);
        Gauge("amalgam_healthy", "1 while the journal can be written.", () => [Of(cloud.Defect is null ? 1 : 0)]);
        Gauge("amalgam_loop_runs", "Turns of a loop.", () => [.. loops.Select(loop => Of(loop.Runs, ("loop", loop.Name)))]);
        Gauge("amalgam_loop_failures", "Turns of a loop that failed.", () => [.. loops.Select(loop => Of(loop.Failures, ("loop", loop.Name)))]);
        Gauge("amalgam_loop_last_run_milliseconds", "Length of the last turn.", () => [.. loops.Select(loop => Of(loop.LastRunMilliseconds, ("loop", loop.Name)))]);
    }

    private Callers Callers { get; }

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<Metrics>();
        services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(MeterName, GatewayEndpoints.MeterName).AddPrometheusExporter());
    }

    public static void Map(WebApplication app)
    {
        var metrics = app.Services.GetRequiredService<Metrics>();
        app.UseWhen(context => context.Request.Path == Path, branch => branch.Use(metrics.KeyNeededAsync));
        app.UseOpenTelemetryPrometheusScrapingEndpoint(Path);
    }

    private async Task KeyNeededAsync(HttpContext context, RequestDelegate next)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && Callers.Find(header["Bearer ".Length..].Trim()) is { } caller && caller.Role >= 0)
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = 401;
        await context.Response.WriteAsync("this needs a key: send it as `Authorization: Bearer KEY`\n");
    }

    private static List<Measurement<double>> Devices(Cloud cloud, Pool pool, ICatalogue catalogue) => cloud.Read(state => PoolViews.Chips(state, pool, catalogue, cloud.NowMs).SelectMany(chip => new[]
    {
        Of(chip.Devices, ("chip_class", chip.ChipClass), ("state", "all")),
        Of(chip.Healthy, ("chip_class", chip.ChipClass), ("state", "healthy")),
        Of((double)chip.Leased, ("chip_class", chip.ChipClass), ("state", "leased")),
    }).ToList());

    private void Gauge(string name, string description, Func<List<Measurement<double>>> read) => _meter.CreateObservableGauge(name, read, null, description);

    private static Measurement<double> Of(double value, params (string Name, string Value)[] labels) =>
        new(value, labels.Select(label => new KeyValuePair<string, object?>(label.Name, label.Value)));

    public void Dispose() => _meter.Dispose();
}
