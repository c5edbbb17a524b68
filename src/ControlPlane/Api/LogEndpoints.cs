using System.Text.Json;
using System.Threading.Channels;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Workloads;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Output of a workload's members as one JSON object per line, live with ?follow=true.</summary>
internal static class LogEndpoints
{
    private const int WaitForNextLeaseMs = 200;

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/workloads/{id}/logs", LogsAsync).Produces<LogLineView>(200, "application/x-ndjson").WithSummary("Output of all members; ?follow=true stays until the workload has ended, ?tail=N");

    private static async Task LogsAsync(HttpContext context, string id, Cloud cloud, Pool pool, IMemberLogs logs, bool follow = false, int? tail = null)
    {
        if (cloud.Read(state => Workloads.Visible(state, context.Caller(), id)) is not { } workload)
        {
            await Answers.Refused(Workloads.NotFound(id)).ExecuteAsync(context);
            return;
        }

        context.Response.ContentType = "application/x-ndjson";
        var lines = Channel.CreateBounded<LogLineView>(256);
        var reading = ReadAllAsync(cloud, pool, workload, logs, follow, tail, lines.Writer, context.RequestAborted);
        await foreach (var line in lines.Reader.ReadAllAsync(context.RequestAborted))
        {
            await JsonSerializer.SerializeAsync(context.Response.Body, line, ContractsJson.Default.LogLineView, context.RequestAborted);
            await context.Response.WriteAsync("\n", context.RequestAborted);
            if (lines.Reader.Count == 0)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }

        await reading;
    }

    /// <summary>Members of one start are read together, later starts as they come.</summary>
    private static async Task ReadAllAsync(Cloud cloud, Pool pool, Workload workload, IMemberLogs logs, bool follow, int? tail, ChannelWriter<LogLineView> lines, CancellationToken cancel)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var readers = new List<Task>();
        try
        {
            while (true)
            {
                var (leases, open) = cloud.Read(state => (state.LeasesOf(workload.Id).ToList(), state.Workload(workload.Id)?.IsOpen ?? false));
                foreach (var lease in leases.Where(lease => HasOutput(pool, lease) && seen.Add(lease.Id)))
                {
                    var read = ReadAsync(lease, logs, follow, tail, lines, cancel);
                    readers.Add(read);
                    if (!follow || !lease.IsOpen)
                    {
                        await read;
                    }
                }

                if (!follow || !open)
                {
                    break;
                }

                await Task.Delay(WaitForNextLeaseMs, cancel);
            }

            await Task.WhenAll(readers);
            lines.Complete();
        }
        catch (Exception fault)
        {
            lines.Complete(fault);
            throw;
        }
    }

    /// <summary>A lease whose member was not started yet has no log: reading it now would find nothing and never look again.</summary>
    private static bool HasOutput(Pool pool, Lease lease) => !lease.IsOpen || pool.Sight(lease.Id).Observation is not null;

    private static async Task ReadAsync(Lease lease, IMemberLogs logs, bool follow, int? tail, ChannelWriter<LogLineView> lines, CancellationToken cancel)
    {
        await foreach (var line in logs.ReadAsync(lease.Id, follow && lease.IsOpen, tail, cancel))
        {
            await lines.WriteAsync(new LogLineView(lease.Id, lease.Member, line.Stream, line.Text), cancel);
        }
    }
}
