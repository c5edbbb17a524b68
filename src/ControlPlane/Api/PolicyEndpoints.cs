using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Admission rules.</summary>
internal static class PolicyEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/policies", List).Produces<IReadOnlyList<PolicyView>>().WithSummary("Admission rules in order of adding");
        api.MapPost("/policies", AddAsync).Accepts<PolicyRequest>("application/json", "*/*").Produces<IReadOnlyList<PolicyView>>(201).WithSummary("Add the rules of a file, all or none");
        api.MapDelete("/policies/{name}", RemoveAsync).Produces(204).WithSummary("Remove a rule");
        api.MapGet("/policies/test", Test).Produces<PolicyTestView>().WithSummary("What the rules say now about ?unit (else the key's own) beginning to use ?class (else cpu)");
    }

    private static IResult List(Cloud cloud)
    {
        IReadOnlyList<PolicyView> rules = cloud.Read(state => state.Admission.Rules.Select(rule => PolicyViews.Of(rule, cloud.NowMs)).ToList());
        return Answers.Json(rules, ContractsJson.Default.IReadOnlyListPolicyView);
    }

    private static async Task<IResult> AddAsync(HttpContext context, Cloud cloud, ICatalogue catalogue)
    {
        var body = await context.BodyAsync(ContractsJson.Default.PolicyRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        var added = await cloud.ChangeAsync(context.Actor(), (state, _) => ChangePolicies.Add(state, context.Caller(), body.Value!, catalogue));
        if (added.Refusal is { } refusal)
        {
            return Answers.Refused(refusal);
        }

        IReadOnlyList<PolicyView> rules = cloud.Read(state => added.Value.Select(name => PolicyViews.Of(state.Admission.Find(name)!, cloud.NowMs)).ToList());
        return Answers.Json(rules, ContractsJson.Default.IReadOnlyListPolicyView, 201);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string name, Cloud cloud)
    {
        var removed = await cloud.ChangeAsync(context.Actor(), (state, _) => ChangePolicies.Remove(state, context.Caller(), name));
        return removed.Refusal is { } refusal ? Answers.Refused(refusal) : Results.NoContent();
    }

    private static IResult Test(HttpContext context, Cloud cloud, ICatalogue catalogue, string? unit = null, [FromQuery(Name = "class")] string chipClass = "cpu")
    {
        var view = cloud.Read<Outcome<PolicyTestView>>(state =>
        {
            var asked = unit ?? context.Caller().Unit;
            var known = ChangePolicies.Words(state, catalogue).Classes.Contains(chipClass);
            return Permission.Check(state, context.Caller(), Role.Auditor, asked) is { } refusal ? refusal
                : !known ? new Refusal(RefusalCodes.Invalid, $"neither this cloud nor the catalogue has a chip class '{Names.Clip(chipClass)}' (`amalgam chips`)")
                : PolicyViews.Test(state, asked, chipClass, catalogue, cloud.NowMs);
        });
        return view.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(view.Value!, ContractsJson.Default.PolicyTestView);
    }
}
