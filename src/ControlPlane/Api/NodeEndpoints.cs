using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>The pool device by device, the queue in numbers, and a wait for news: what a page that stays open needs.</summary>
internal static class NodeEndpoints
{
    private const int LookAgainMs = 50;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/nodes", Nodes).Produces<IReadOnlyList<NodeView>>().WithSummary("Nodes with their devices and who holds each; ?class");
        api.MapGet("/holdings", HeldBy).Produces<IReadOnlyList<HoldingView>>().WithSummary("Devices counted by class and by who holds them");
        api.MapGet("/queue", Queue).Produces<QueueView>().WithSummary("Open workloads of the key's subtree, counted by phase and by reason; ?longest=N of the waiting ones");
        api.MapGet("/changes", ChangesAsync).Produces<ChangesView>().WithSummary("Answers when the journal has records after ?after, or after ?waitSeconds (at most 60)");
    }

    private static IResult Nodes(HttpContext context, Cloud cloud, Pool pool, string? @class = null)
    {
        var caller = context.Caller();
        var holders = cloud.Read(state => Holders(state, caller));
        IReadOnlyList<NodeView> nodes = [.. pool.Nodes.Where(node => @class is null || node.ChipClass == @class).Select(node => new NodeView
        {
            Name = node.Name,
            Engine = node.Engine,
            Machine = node.Machine,
            ChipClass = node.ChipClass,
            Rack = node.Rack,
            MemoryMiBPerDevice = node.MemoryMiBPerDevice,
            Simulated = node.Simulated,
            Devices = [.. node.Devices.Select(device => new DeviceView(device.Index, device.Healthy, device.Problem, holders.GetValueOrDefault((node.Name, device.Index))))],
        })];
        return Answers.Json(nodes, ContractsJson.Default.IReadOnlyListNodeView);
    }

    private static IResult HeldBy(HttpContext context, Cloud cloud, Pool pool)
    {
        var caller = context.Caller();
        return Answers.Json(Holdings.Of(pool.Nodes, cloud.Read(state => Holders(state, caller))), ContractsJson.Default.IReadOnlyListHoldingView);
    }

    /// <summary>That a device is held is no secret (the stock tells it, too); by whom is one.</summary>
    private static Dictionary<(string Node, int Device), IReadOnlyList<HolderView>> Holders(CloudState state, Caller caller)
    {
        var holders = new Dictionary<(string, int), IReadOnlyList<HolderView>>();
        foreach (var lease in state.OpenLeases)
        {
            var share = lease.Devices.Length == 0 ? 0 : lease.MilliDevices / 1000m / lease.Devices.Length;
            var holder = Permission.Sees(state, caller, lease.Unit) ? new HolderView(lease.Unit, lease.WorkloadId, lease.Id, share) : new HolderView(null, null, null, share);
            foreach (var device in lease.Devices)
            {
                holders[(lease.Node, device)] = holders.TryGetValue((lease.Node, device), out var others) ? [.. others, holder] : [holder];
            }
        }

        return holders;
    }

    private static IResult Queue(HttpContext context, Cloud cloud, Pool pool, WorkloadViews views, int longest = 10)
    {
        var caller = context.Caller();
        var open = cloud.Read(state => state.OpenWorkloads.Where(workload => Permission.Sees(state, caller, workload.Spec.Unit)).Select(workload => views.Of(state, workload, pool.Pending(workload.Id))).ToList());
        var waiting = open.Where(workload => workload.Phase == "waiting").ToList();
        int In(string phase) => open.Count(workload => workload.Phase == phase);
        return Answers.Json(
            new QueueView
            {
                Waiting = waiting.Count,
                Starting = In("starting"),
                Running = In("running"),
                Asleep = In("asleep"),
                Stopping = In("stopping"),
                Reasons = [.. waiting.GroupBy(workload => workload.Reason ?? "planned-next", StringComparer.Ordinal)
                    .Select(group => new QueueReasonView(group.Key, group.Count(), group.Min(workload => workload.SubmittedAt)))
                    .OrderByDescending(reason => reason.Workloads).ThenBy(reason => reason.Reason, StringComparer.Ordinal)],
                Longest = [.. waiting.OrderBy(workload => workload.SubmittedAt).Take(Math.Clamp(longest, 0, 1000))],
            },
            ContractsJson.Default.QueueView);
    }

    private static async Task<IResult> ChangesAsync(HttpContext context, Cloud cloud, long after = 0, double waitSeconds = 25)
    {
        var until = DateTime.UtcNow.AddSeconds(Math.Clamp(double.IsNaN(waitSeconds) ? 25 : waitSeconds, 0, 60));
        while (true)
        {
            var last = cloud.Read(state => state.LastSequence);
            if (last > after || DateTime.UtcNow >= until)
            {
                return Answers.Json(new ChangesView(last), ContractsJson.Default.ChangesView);
            }

            await Task.Delay(LookAgainMs, context.RequestAborted);
        }
    }
}
