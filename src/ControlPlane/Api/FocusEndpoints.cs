using System.Globalization;
using System.Text;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Focus;
using Amalgam.Core.Ledger.Pricing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Bills for the tools of finance departments: FOCUS datasets.</summary>
internal static class FocusEndpoints
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/bill/focus", Focus).Produces<string>(200, "text/csv").WithSummary("FOCUS (FinOps Open Cost and Usage Specification): ?version=1.4 or 1.2, ?dataset, ?as=csv or json, ?unit, ?from, ?to");

    private static IResult Focus(
        HttpContext context, Cloud cloud, string version = "1.4", string dataset = FocusSchema.CostAndUsage, string @as = "csv", string? unit = null, string? from = null, string? to = null)
    {
        var (begin, end) = (Date(from, 0), Date(to, 253_402_300_799_999));
        var refusal = begin.Refusal ?? end.Refusal
            ?? (!FocusSchema.Versions.Contains(version) ? new Refusal(RefusalCodes.Invalid, $"FOCUS {Names.Clip(version)} is not written here: {string.Join(" or ", FocusSchema.Versions)}")
            : !FocusSchema.Datasets(version).Contains(dataset) ? new Refusal(RefusalCodes.Invalid, $"FOCUS {version} has no dataset '{Names.Clip(dataset)}': {string.Join(", ", FocusSchema.Datasets(version))}")
            : @as is not ("csv" or "json") ? new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(@as)}' is no form of a FOCUS file: csv or json")
            : null);
        if (refusal is not null)
        {
            return Answers.Refused(refusal);
        }

        var nowMs = cloud.NowMs;
        var table = cloud.Read<Outcome<FocusTable>>(state => unit is not null && Permission.Check(state, context.Caller(), Role.Auditor, unit) is { } unseen
            ? unseen
            : Table(state, version, dataset, unit ?? context.Caller().Unit, begin.Value, end.Value, nowMs));
        return table.Refusal is { } refused ? Answers.Refused(refused)
            : @as == "json" ? Results.Bytes(FocusText.Json(table.Value!), "application/json")
            : Results.Text(FocusText.Csv(table.Value!), "text/csv", Encoding.UTF8);
    }

    private static FocusTable Table(CloudState state, string version, string dataset, string top, long fromMs, long toMs, long nowMs) => dataset switch
    {
        FocusSchema.InvoiceDetail => FocusDocuments.InvoiceDetail(state, version, top),
        FocusSchema.BillingPeriod => FocusDocuments.BillingPeriod(state, version, nowMs),
        FocusSchema.ContractCommitment => FocusCommitments.Table(state, version, top, nowMs),
        _ => CostAndUsage(state, version, top, fromMs, toMs, nowMs),
    };

    private static FocusTable CostAndUsage(CloudState state, string version, string top, long fromMs, long toMs, long nowMs)
    {
        var accruing = new PricedBook();
        return FocusExport.CostAndUsage(state, version, Days(state, top, fromMs, toMs, nowMs, accruing), top, fromMs, toMs, accruing);
    }

    /// <summary>What the journal holds and what accrues on open leases at this moment, by day.</summary>
    /// <param name="accruing">Gets what accrues by unit price.</param>
    internal static Dictionary<BillKey, BillAmount> Days(CloudState state, string top, long fromMs, long toMs, long nowMs, PricedBook? accruing = null)
    {
        bool Within(BillKey key) => key.Day >= fromMs / BillBook.DayMs && key.Day * BillBook.DayMs < toMs && state.Units.IsPathWithin(key.Path, top);
        var days = state.Bill.Lines.Where(line => Within(line.Key)).ToDictionary(line => line.Key, line => line.Value);
        foreach (var (key, amount) in BillViews.Accruing(state, Math.Min(nowMs, toMs), nowMs, accruing).Lines.Where(line => Within(line.Key)))
        {
            days[key] = days.TryGetValue(key, out var charged)
                ? new BillAmount(charged.Quantity + amount.Quantity, charged.AmountNano + amount.AmountNano, charged.Count + amount.Count, Math.Min(charged.FirstMs, amount.FirstMs), Math.Max(charged.LastMs, amount.LastMs))
                : amount;
        }

        return days;
    }

    internal static Outcome<long> Date(string? text, long otherwise) =>
        text is null ? otherwise
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date.ToUnixTimeMilliseconds()
        : new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no date: write 2026-11-22 or 2026-11");
}
