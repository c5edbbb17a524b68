using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Ledger.Sharing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>The pool's bill, and who carries idle devices.</summary>
internal static class PoolBillEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/bill/pool", Pool).Produces<PoolBillView>().WithSummary("Every device-hour of the pool and who carries it; ?from, ?to. Needs a key of the root");
        api.MapGet("/idle-policy", (Cloud cloud) => Answers.Json(cloud.Read(Policies), ContractsJson.Default.IReadOnlyListIdlePolicyView)).Produces<IReadOnlyList<IdlePolicyView>>().WithSummary("Who carries idle devices, and from when");
        api.MapPost("/idle-policy", SetAsync).Accepts<IdlePolicyRequest>("application/json", "*/*").Produces<IdlePolicyView>(201).WithSummary("Who carries idle devices from a day on");
    }

    private static IResult Pool(HttpContext context, Cloud cloud, string? from = null, string? to = null)
    {
        var (begin, end) = (FocusEndpoints.Date(from, cloud.NowMs - (30 * Core.Ledger.BillBook.DayMs)), FocusEndpoints.Date(to, 253_402_300_799_999));
        if ((begin.Refusal ?? end.Refusal) is { } wrong)
        {
            return Answers.Refused(wrong);
        }

        var nowMs = cloud.NowMs;
        var view = cloud.Read<Outcome<PoolBillView>>(state => context.Caller().Unit != state.Units.Root.Name
            ? new Refusal(RefusalCodes.Forbidden, $"the bill of the whole pool is read with a key of {state.Units.Root.Name}")
            : PoolBillViews.Of(state, FocusEndpoints.Days(state, state.Units.Root.Name, begin.Value, end.Value, nowMs), begin.Value, end.Value, nowMs));
        return view.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(view.Value!, ContractsJson.Default.PoolBillView);
    }

    private static async Task<IResult> SetAsync(HttpContext context, Cloud cloud)
    {
        var body = await context.BodyAsync(ContractsJson.Default.IdlePolicyRequest);
        var made = body.Refusal is { } bad ? bad : await cloud.ChangeAsync(context.Actor(), (state, nowMs) => SetIdlePolicy.Decide(state, context.Caller(), body.Value!, nowMs));
        return made.Refusal is { } refusal ? Answers.Refused(refusal) : Answers.Json(Of(made.Value!), ContractsJson.Default.IdlePolicyView, 201);
    }

    private static IReadOnlyList<IdlePolicyView> Policies(Core.Cloud.CloudState state) => [Of(IdlePolicy.Default), .. state.Pool.Policies.Select(Of)];

    private static IdlePolicyView Of(IdlePolicy policy) => new(WorkloadViews.Kebab(policy.Rule.ToString()), policy.FromMs == 0 ? null : WorkloadViews.Time(policy.FromMs), policy.ChargeBack);
}
