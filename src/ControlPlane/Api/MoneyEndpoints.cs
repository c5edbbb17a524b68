using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Bills.</summary>
internal static class MoneyEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/bill", Bill).Produces<BillView>().WithSummary("What is owed so far, up to this moment; ?unit, ?from, ?to (dates, UTC, end exclusive)");
        api.MapGet("/bill/lines/{id}", LineAsync).Produces<BillLineView>().WithSummary("Why a line of the bill exists: its price, its rule and the records that it is the sum of; ?from, ?to, ?limit (at most 10000)");
    }

    private static IResult Bill(HttpContext context, Cloud cloud, string? unit = null, string? from = null, string? to = null)
    {
        var nowMs = cloud.NowMs;
        var begin = Date(from, 0);
        var end = Date(to, long.MaxValue);
        if ((begin.Refusal ?? end.Refusal) is { } wrong)
        {
            return Answers.Refused(wrong);
        }

        var view = cloud.Read<Outcome<BillView>>(state =>
            unit is not null && Permission.Check(state, context.Caller(), Core.Access.Role.Auditor, unit) is { } refusal
                ? refusal
                : BillViews.Of(state, context.Caller(), unit, begin.Value, Math.Min(end.Value, Latest), nowMs));
        return view.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(view.Value!, ContractsJson.Default.BillView);
    }

    private static async Task<IResult> LineAsync(HttpContext context, Cloud cloud, IPastRecords past, string id, string? from = null, string? to = null, int limit = 100)
    {
        var nowMs = cloud.NowMs;
        var (begin, end) = (Date(from, 0), Date(to, Latest));
        if ((begin.Refusal ?? end.Refusal) is { } wrong)
        {
            return Answers.Refused(wrong);
        }

        var toMs = Math.Min(end.Value, Latest);
        var (found, key, throughSequence) = cloud.Read(state =>
        {
            var bill = BillViews.Of(state, context.Caller(), null, begin.Value, toMs, nowMs);
            var line = bill.Lines.FirstOrDefault(line => line.Id == id);
            var price = line is null ? null : state.Prices.Find(line.PriceVersion);
            return line is null ? (null, null, 0L) : (new BillLineView
            {
                Currency = bill.Currency, Line = line, RecordedAmount = "0.00", Price = price is null ? null : PriceViews.Of(state.Prices, price, nowMs),
            }, BillLines.Find(state, line), state.LastSequence);
        });
        if (found is null)
        {
            return Answers.Refused(new Refusal(RefusalCodes.NotFound, $"the bill has no line '{Names.Clip(id)}': `amalgam bill` shows the id of each"));
        }

        if (key is not { } opened)
        {
            return Answers.Json(found, ContractsJson.Default.BillLineView);
        }

        await cloud.DurableAsync();
        string PathAt(string unit, long atMs) => cloud.Read(state => state.Units.PathAt(unit, atMs));
        // Idle shares are few and opened from the book: one record has lines of many units.
        var shared = opened.Meter == Meter.IdleShareDeviceHours ? cloud.Read(state => state.Idle.Records.ToList()) : null;
        var (latest, count, amount) = await Task.Run(() => BillLines.Records(
            shared ?? past.Charges(begin.Value, throughSequence), PathAt, opened, begin.Value, toMs, Math.Clamp(limit, 1, 10_000)));
        return Answers.Json(found with { Records = latest, RecordCount = count, RecordedAmount = Nano.Format(amount) }, ContractsJson.Default.BillLineView);
    }

    private const long Latest = 253_402_300_799_999;

    private static Outcome<long> Date(string? text, long otherwise) =>
        text is null ? otherwise
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date.ToUnixTimeMilliseconds()
        : new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no date: write 2026-11-22 or 2026-11");
}
