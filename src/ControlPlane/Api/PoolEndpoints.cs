using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Loops;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Chips, status, audit.</summary>
internal static class PoolEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/chips", Chips).Produces<IReadOnlyList<ChipView>>().WithSummary("The stock by chip class, with list and scarcity prices");
        api.MapGet("/status", Status).Produces<StatusView>().WithSummary("Health of the cloud and its loops");
        api.MapGet("/audit", AuditAsync).Produces<IReadOnlyList<AuditLine>>().WithSummary("Who changed what, when, from where; ?limit, ?loops=true shows the cloud's own decisions too");
    }

    private static IResult Chips(Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        IReadOnlyList<ChipView> chips = cloud.Read(state => PoolViews.Chips(state, pool, catalogue, cloud.NowMs));
        return Answers.Json(chips, ContractsJson.Default.IReadOnlyListChipView);
    }

    private static IResult Status(HttpContext context, Cloud cloud, Pool pool, CloudIdentity identity, IEnumerable<Loop> loops)
    {
        var (records, currency) = cloud.Read(state => (state.LastSequence, state.Currency));
        return Answers.Json(
            new StatusView
            {
                Version = identity.Version,
                Address = identity.Address,
                Currency = currency,
                StartedAt = identity.StartedAt,
                JournalRecords = records,
                Healthy = cloud.Trouble is null,
                Problem = cloud.Trouble,
                AllocationGap = pool.Plan?.Gap ?? 0,
                Loops = [.. loops.Select(loop => new LoopView
                {
                    Name = loop.Name, LastRunAt = loop.LastRunAt, LastRunMilliseconds = Math.Round(loop.LastRunMilliseconds, 3), LastResult = loop.LastResult, Runs = loop.Runs, Failures = loop.Failures,
                })],
            },
            ContractsJson.Default.StatusView);
    }

    private static IResult AuditAsync(HttpContext context, Cloud cloud, Audit audit, int limit = 100, bool loops = false)
    {
        var refusal = cloud.Read(state => context.Caller().Role == Role.Developer ? Permission.Check(state, context.Caller(), Role.Operator) : null);
        if (refusal is not null)
        {
            return Answers.Refused(refusal);
        }

        IReadOnlyList<AuditLine> lines = audit.Read(context.Caller(), Math.Clamp(limit, 1, 10_000), loops);
        return Answers.Json(lines, ContractsJson.Default.IReadOnlyListAuditLine);
    }
}
