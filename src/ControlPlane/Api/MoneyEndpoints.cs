using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Bills and prices.</summary>
internal static class MoneyEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/bill", Bill).Produces<BillView>().WithSummary("What is owed so far, up to this moment; ?unit, ?from, ?to (dates, UTC, end exclusive)");
        api.MapGet("/prices", Prices).Produces<IReadOnlyList<PriceView>>().WithSummary("All versions of all list prices");
        api.MapPost("/prices", SetPriceAsync).Accepts<PriceRequest>("application/json", "*/*").Produces<PriceView>(201).WithSummary("A new version of a list price, from now or later");
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
                : BillViews.Of(state, context.Caller(), unit, begin.Value, Math.Min(end.Value, 253_402_300_799_999), nowMs));
        return view.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(view.Value!, ContractsJson.Default.BillView);
    }

    private static Outcome<long> Date(string? text, long otherwise) =>
        text is null ? otherwise
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date.ToUnixTimeMilliseconds()
        : new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no date: write 2026-11-22 or 2026-11");

    private static IResult Prices(Cloud cloud)
    {
        IReadOnlyList<PriceView> prices = cloud.Read(state => PoolViews.Prices(state, cloud.NowMs));
        return Answers.Json(prices, ContractsJson.Default.IReadOnlyListPriceView);
    }

    private static async Task<IResult> SetPriceAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.PriceRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var known = WorkloadEndpoints.Classes(pool);
        if (catalogue.Chip(body.Value!.Subject) is not null)
        {
            known.Add(body.Value.Subject);
        }

        var made = await cloud.ChangeAsync(context.Actor(), (state, nowMs) => SetPrice.Decide(state, context.Caller(), body.Value, nowMs, known));
        return made.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Answers.Json(cloud.Read(state => PoolViews.Of(state, made.Value!, cloud.NowMs)), ContractsJson.Default.PriceView, 201);
    }
}
