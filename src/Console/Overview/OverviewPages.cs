using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Amalgam.Pages.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.Pages.Overview;

/// <summary>What the first page tells: who has what, who waits and why, what would help, what today cost, what needs somebody.</summary>
public sealed record OverviewModel
{
    public required PoolPicture Pool { get; init; }

    public required QueueView Queue { get; init; }

    public IReadOnlyList<(WorkloadView Workload, ExplainView? Why)> Waiting { get; init; } = [];

    public DayUse? Today { get; init; }

    public IReadOnlyList<Attention> Attention { get; init; } = [];

    /// <summary>Nothing was ever served or run.</summary>
    public bool Untouched { get; init; }
}

/// <param name="Bad">Else a warning.</param>
public sealed record Attention(bool Bad, string Text, string Link);

/// <param name="Classes">Device-hours and money by chip class, the dearest first.</param>
public sealed record DayUse(string Total, decimal DeviceHours, decimal Tokens, IReadOnlyList<(string ChipClass, decimal Hours, decimal Amount)> Classes);

internal static class OverviewPages
{
    private const int Shown = 5;
    private static readonly TimeSpan BillKept = TimeSpan.FromSeconds(5);

    public static void Map(RouteGroupBuilder pages) => pages.MapGet("/", ShowAsync);

    private static Task<IResult> ShowAsync(Visit visit)
    {
        // Of a page that stays open: the bill is the dearest part and need not be asked for at every change.
        (DateTime At, DayUse? Use) bill = default;
        return visit.ShowAsync(async () =>
        {
            var fresh = DateTime.UtcNow - bill.At > BillKept ? TodayAsync(visit) : null;
            var model = await ModelAsync(visit);
            if (fresh is not null)
            {
                bill = (DateTime.UtcNow, await fresh);
            }

            return Sight.Of<OverviewView>(visit.T("Overview"), ("Model", model with { Today = bill.Use }));
        });
    }

    private static async Task<OverviewModel> ModelAsync(Visit visit)
    {
        var (asked, queue) = (visit.Api.GetAsync<IReadOnlyList<HoldingView>>("/api/v1/holdings"), visit.Api.GetAsync<QueueView>($"/api/v1/queue?longest={Shown}"));
        var (status, budgets) = (visit.Api.GetAsync<StatusView>("/api/v1/status"), visit.Api.GetAsync<IReadOnlyList<BudgetView>>("/api/v1/budgets"));
        var chips = await visit.ChipsAsync();
        var holdings = (await asked).Value ?? [];
        var picture = PictureAsync(visit, holdings, chips);
        var counted = (await queue).Value ?? new QueueView();
        var why = counted.Longest.Select(async workload => (workload, (await visit.Api.GetAsync<ExplainView>($"/api/v1/workloads/{workload.Id}/explain")).Value));
        var open = counted.Waiting + counted.Starting + counted.Running + counted.Asleep + counted.Stopping;
        return new OverviewModel
        {
            Pool = await picture,
            Queue = counted,
            Waiting = await Task.WhenAll(why),
            Attention = [.. Attention(visit.Look, (await status).Value, holdings, (await budgets).Value ?? [])],
            Untouched = open == 0 && (await visit.Api.GetAsync<IReadOnlyList<WorkloadView>>("/api/v1/workloads?all=true&limit=1")).Value is { Count: 0 },
        };
    }

    /// <summary>A large pool is told in counts: its devices one by one are a hundred times the bytes, and nobody points at one cell of thousands.</summary>
    private static async Task<PoolPicture> PictureAsync(Visit visit, IReadOnlyList<HoldingView> holdings, IReadOnlyList<ChipView> chips) =>
        holdings.Sum(holding => holding.Devices) <= PoolPicture.Told && (await visit.Api.GetAsync<IReadOnlyList<NodeView>>("/api/v1/nodes")).Value is { } nodes
            ? PoolPicture.Of(nodes, chips, visit.Look)
            : PoolPicture.Counted(holdings, chips, visit.Look);

    private static IEnumerable<Attention> Attention(Look look, StatusView? status, IReadOnlyList<HoldingView> holdings, IReadOnlyList<BudgetView> budgets)
    {
        if (status is { Healthy: false })
        {
            yield return new(true, look.T("The cloud writes nothing any more: {0}", status.Problem), "/audit");
        }

        foreach (var loop in (status?.Loops ?? []).Where(loop => loop.LastResult.StartsWith("failed", StringComparison.OrdinalIgnoreCase)))
        {
            yield return new(true, look.T("The loop {0}: {1}", loop.Name, loop.LastResult), "/audit");
        }

        foreach (var lost in holdings.Where(holding => holding.State == "lost"))
        {
            yield return new(true, look.T("{0} of {1} lost: {2}", lost.Devices, lost.ChipClass, lost.Problem), $"/chips/{Uri.EscapeDataString(lost.ChipClass)}");
        }

        foreach (var budget in budgets.Where(budget => budget.SpentPercent >= 80).OrderByDescending(budget => budget.SpentPercent))
        {
            yield return new(budget.SpentPercent >= 100, look.T("{0} has used {1} % of its budget of {2} {3}", budget.Unit, budget.SpentPercent, budget.Amount, budget.Measure), "/bills");
        }
    }

    private static async Task<DayUse?> TodayAsync(Visit visit)
    {
        var day = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if ((await visit.Api.GetAsync<BillView>($"/api/v1/bill?from={day}")).Value is not { } bill)
        {
            return null;
        }

        var hours = bill.Lines.Where(line => line.Meter.EndsWith("device-hours", StringComparison.Ordinal)).ToList();
        var classes = bill.Lines.GroupBy(line => line.ChipClass, StringComparer.Ordinal)
            .Select(group => (group.Key, group.Where(hours.Contains).Sum(line => line.Quantity), group.Sum(line => decimal.Parse(line.Amount, NumberStyles.Number, CultureInfo.InvariantCulture))))
            .OrderByDescending(group => group.Item3).ToList();
        return new(bill.Total, hours.Sum(line => line.Quantity), bill.Lines.Where(line => line.Meter.EndsWith("tokens", StringComparison.Ordinal)).Sum(line => line.Quantity), classes);
    }
}
