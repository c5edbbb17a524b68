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

/// <summary>The price book: versions, changes, commitments.</summary>
internal static class PriceEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/prices", Prices).Produces<IReadOnlyList<PriceView>>().WithSummary("All versions of all prices");
        api.MapPost("/prices", SetPriceAsync).Accepts<PriceRequest>("application/json", "*/*").Produces<PriceView>(201).WithSummary("A new version of a price, from now or later");
        api.MapPost("/price-changes/preview", PreviewAsync).Accepts<PriceChangeRequest>("application/json", "*/*").Produces<PriceChangePreviewView>()
            .WithSummary("Who would pay what: the same usage before and after a price change; changes nothing");
        api.MapPost("/price-changes", ApplyAsync).Accepts<PriceChangeRequest>("application/json", "*/*").Produces<PriceChangeView>(201).WithSummary("Approves a price change: its versions in one transaction");
        api.MapPost("/prices/{version:int}/undo", UndoAsync).Produces<PriceChangeView>(201).WithSummary("Restores what was before a version, and before all that the same change made, as new versions");
        api.MapGet("/commitments", Commitments).Produces<IReadOnlyList<CommitmentView>>().WithSummary("Device-hours bought for every month");
        api.MapPost("/commitments", CommitAsync).Accepts<CommitmentRequest>("application/json", "*/*").Produces<CommitmentView>(201).WithSummary("Buys device-hours for every month of a period");
    }

    private static IResult Prices(Cloud cloud)
    {
        IReadOnlyList<PriceView> prices = cloud.Read(state => PriceViews.All(state, cloud.NowMs));
        return Answers.Json(prices, ContractsJson.Default.IReadOnlyListPriceView);
    }

    private static async Task<IResult> SetPriceAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.PriceRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var known = Known(pool, catalogue, body.Value!.Subject, body.Value.OnClass);
        var made = await cloud.ChangeAsync(context.Actor(), (state, nowMs) => SetPrice.Decide(state, context.Caller(), body.Value, nowMs, known));
        return made.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Answers.Json(cloud.Read(state => PriceViews.Of(state.Prices, made.Value!, body.Value.From is null ? Math.Max(cloud.NowMs, made.Value!.FromMs) : cloud.NowMs)), ContractsJson.Default.PriceView, 201);
    }

    private static async Task<IResult> PreviewAsync(HttpContext context, Cloud cloud, PricePreviews previews, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.PriceChangeRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var preview = await previews.PreviewAsync(context.Caller(), body.Value!, Known(pool, catalogue, body.Value!.ChipClass), context.RequestAborted);
        return preview.Refusal is { } refusal ? Answers.Refused(refusal) : Answers.Json(preview.Value!, ContractsJson.Default.PriceChangePreviewView);
    }

    private static async Task<IResult> ApplyAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.PriceChangeRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var known = Known(pool, catalogue, body.Value!.ChipClass);
        return Changed(cloud, await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangePrices.Apply(state, context.Caller(), body.Value, nowMs, known)));
    }

    private static async Task<IResult> UndoAsync(HttpContext context, Cloud cloud, int version) =>
        Changed(cloud, await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangePrices.Undo(state, context.Caller(), version, nowMs)));

    private static IResult Changed(Cloud cloud, Outcome<Core.Journal.PriceChanged> made) => made.Refusal is { } refusal
        ? Answers.Refused(refusal)
        : Answers.Json(cloud.Read(state => PriceViews.Of(state, made.Value!, cloud.NowMs)), ContractsJson.Default.PriceChangeView, 201);

    private static IResult Commitments(HttpContext context, Cloud cloud)
    {
        IReadOnlyList<CommitmentView> commitments = cloud.Read(state => state.Commitments.All.Where(commitment => Permission.Sees(state, context.Caller(), commitment.Unit))
            .Select(commitment => PriceViews.Of(state, commitment, cloud.NowMs)).ToList());
        return Answers.Json(commitments, ContractsJson.Default.IReadOnlyListCommitmentView);
    }

    private static async Task<IResult> CommitAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.CommitmentRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var known = Known(pool, catalogue, body.Value!.ChipClass);
        var made = await cloud.ChangeAsync(context.Actor(), (state, nowMs) => MakeCommitment.Decide(state, context.Caller(), body.Value, nowMs, known));
        return made.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Answers.Json(cloud.Read(state => PriceViews.Of(state, made.Value!, cloud.NowMs)), ContractsJson.Default.CommitmentView, 201);
    }

    /// <summary>Classes of this cloud, and the asked ones that the catalogue knows.</summary>
    private static HashSet<string> Known(Pool pool, ICatalogue catalogue, params string?[] asked) =>
        [.. pool.Classes, .. asked.OfType<string>().Where(name => catalogue.Chip(name) is not null)];
}
