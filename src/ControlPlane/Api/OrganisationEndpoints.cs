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

/// <summary>Units and keys.</summary>
internal static class OrganisationEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/whoami", (HttpContext context) => Answers.Json(
            new WhoAmI(context.Caller().KeyId, context.Caller().Unit, Permission.Name(context.Caller().Role)), ContractsJson.Default.WhoAmI)).Produces<WhoAmI>().WithSummary("Who this key is");
        api.MapGet("/units", Units).Produces<IReadOnlyList<UnitView>>().WithSummary("The organisation below the key's unit");
        api.MapPost("/units", AddUnitAsync).Accepts<UnitRequest>("application/json", "*/*").Produces<UnitView>(201).WithSummary("Add a unit");
        api.MapPatch("/units/{name}", SetUnitAsync).Accepts<UnitRequest>("application/json", "*/*").Produces<UnitView>().WithSummary("Change weight, guarantee, limit, shields of a unit");
        api.MapDelete("/units/{name}", RemoveUnitAsync).Produces(204).WithSummary("Remove an empty unit");
        api.MapGet("/keys", Keys).Produces<IReadOnlyList<KeyView>>().WithSummary("Keys of the subtree, never their secrets");
        api.MapPost("/keys", CreateKeyAsync).Accepts<KeyRequest>("application/json", "*/*").Produces<KeyCreatedView>(201).WithSummary("Make a key; its secret is shown once");
        api.MapPost("/keys/{id}/revoke", RevokeKeyAsync).Produces(204).WithSummary("Revoke a key");
    }

    private static IResult Units(HttpContext context, Cloud cloud, Pool pool)
    {
        IReadOnlyList<UnitView> units = cloud.Read(state => PoolViews.Units(state, context.Caller(), pool));
        return Answers.Json(units, ContractsJson.Default.IReadOnlyListUnitView);
    }

    private static Task<IResult> AddUnitAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue) =>
        ChangeAsync(context, cloud, pool, 201, (state, request) => ChangeUnits.Add(state, context.Caller(), request, Known(pool, catalogue, request)));

    private static Task<IResult> SetUnitAsync(HttpContext context, string name, Cloud cloud, Pool pool, ICatalogue catalogue) =>
        ChangeAsync(context, cloud, pool, 200, (state, request) => ChangeUnits.Set(state, context.Caller(), name, request, Known(pool, catalogue, request)));

    private static async Task<IResult> ChangeAsync(HttpContext context, Cloud cloud, Pool pool, int status, Func<Core.Cloud.CloudState, UnitRequest, Decision<string>> decide)
    {
        var body = await context.BodyAsync(ContractsJson.Default.UnitRequest);
        var changed = body.Refusal is { } bad ? bad : await cloud.ChangeAsync(context.Actor(), (state, _) => decide(state, body.Value!));
        if (changed.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        var view = cloud.Read(state => PoolViews.Units(state, context.Caller(), pool).First(unit => unit.Name == changed.Value));
        return Answers.Json(view, ContractsJson.Default.UnitView, status);
    }

    private static async Task<IResult> RemoveUnitAsync(HttpContext context, string name, Cloud cloud)
    {
        var removed = await cloud.ChangeAsync(context.Actor(), (state, _) => ChangeUnits.Remove(state, context.Caller(), name));
        return removed.Refusal is { } refusal ? Answers.Refused(refusal) : Results.NoContent();
    }

    private static IResult Keys(HttpContext context, Cloud cloud)
    {
        IReadOnlyList<KeyView> keys = cloud.Read(state => state.Keys.Where(key => Permission.Sees(state, context.Caller(), key.Unit)).Select(PoolViews.Of).ToList());
        return Answers.Json(keys, ContractsJson.Default.IReadOnlyListKeyView);
    }

    private static async Task<IResult> CreateKeyAsync(HttpContext context, Cloud cloud)
    {
        var body = await context.BodyAsync(ContractsJson.Default.KeyRequest);
        var secret = ChangeKeys.NewSecret();
        var made = body.Refusal is { } bad
            ? bad
            : await cloud.ChangeAsync(context.Actor(), (state, nowMs) => ChangeKeys.Create(state, context.Caller(), body.Value!, secret, nowMs));
        return made.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Answers.Json(new KeyCreatedView(PoolViews.Of(made.Value!), secret), ContractsJson.Default.KeyCreatedView, 201);
    }

    private static async Task<IResult> RevokeKeyAsync(HttpContext context, string id, Cloud cloud)
    {
        var revoked = await cloud.ChangeAsync(context.Actor(), (state, _) => ChangeKeys.Revoke(state, context.Caller(), id));
        return revoked.Refusal is { } refusal ? Answers.Refused(refusal) : Results.NoContent();
    }

    /// <summary>Classes that the pool has, and of those named in the request the ones that the catalogue knows.</summary>
    private static HashSet<string> Known(Pool pool, ICatalogue catalogue, UnitRequest request)
    {
        var known = pool.Classes.ToHashSet(StringComparer.Ordinal);
        foreach (var named in (request.Guarantee?.Keys ?? []).Concat(request.Limit?.Keys ?? []).Where(named => catalogue.Chip(named) is not null))
        {
            known.Add(named);
        }

        return known;
    }
}
