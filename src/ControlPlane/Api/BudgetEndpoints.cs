using Amalgam.ControlPlane.Commands;
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

/// <summary>Budgets.</summary>
internal static class BudgetEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/budgets", List).Produces<IReadOnlyList<BudgetView>>().WithSummary("Budgets of the caller's unit (or ?unit), below it, and above it where they bind it");
        api.MapPost("/budgets", SetAsync).Accepts<BudgetRequest>("application/json", "*/*").Produces<BudgetView>(201).WithSummary("Sets the budget of a unit for one measure and period");
        api.MapDelete("/budgets/{id}", RemoveAsync).Produces(204).WithSummary("Removes a budget; what was spent stays on the bill");
    }

    private static IResult List(HttpContext context, Cloud cloud, string? unit = null)
    {
        var caller = context.Caller();
        var views = cloud.Read<Outcome<List<BudgetView>>>(state =>
            unit is not null && Permission.Check(state, caller, Role.Auditor, unit) is { } refusal ? refusal : BudgetViews.Of(state, caller, unit, cloud.NowMs));
        return views.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json<IReadOnlyList<BudgetView>>(views.Value!, ContractsJson.Default.IReadOnlyListBudgetView);
    }

    private static async Task<IResult> SetAsync(HttpContext context, Cloud cloud, Pool pool, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.BudgetRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var known = pool.Classes.ToHashSet(StringComparer.Ordinal);
        if (body.Value!.DeviceHours is { } chip && catalogue.Chip(chip) is not null)
        {
            known.Add(chip);
        }

        var made = await cloud.ChangeAsync(context.Actor(), (state, nowMs) => SetBudget.Decide(state, context.Caller(), body.Value, nowMs, known));
        return made.Refusal is { } refusal
            ? Answers.Refused(refusal)
            : Answers.Json(cloud.Read(state => BudgetViews.Of(state, state.Budgets.Find(made.Value!)!, cloud.NowMs)), ContractsJson.Default.BudgetView, 201);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, Cloud cloud, string id)
    {
        var done = await cloud.ChangeAsync(context.Actor(), (state, _) => SetBudget.Remove(state, context.Caller(), id));
        return done.Refusal is { } refusal ? Answers.Refused(refusal) : Results.NoContent();
    }
}
