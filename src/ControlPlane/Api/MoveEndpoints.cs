using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Cloud;
using Amalgam.Core.Units;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>Reorganisations.</summary>
internal static class MoveEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/units/{name}/move", MoveAsync).Accepts<MoveRequest>("application/json", "*/*").Produces<MoveView>().WithSummary("Move a unit under another parent, at once or at a date; or take a scheduled move back");
        api.MapGet("/units/{name}/move", Preview).Produces<MoveView>().WithSummary("What a move would change, unit by unit; ?under, ?from. Changes nothing");
        api.MapGet("/moves", List).Produces<IReadOnlyList<MoveView>>().WithSummary("Moves that wait for their date");
    }

    private static async Task<IResult> MoveAsync(HttpContext context, string name, Cloud cloud)
    {
        var body = await context.BodyAsync(ContractsJson.Default.MoveRequest);
        if (body.Refusal is { } bad)
        {
            return Answers.Refused(bad);
        }

        MoveView? view = null;
        var moved = await cloud.ChangeAsync(context.Actor(), (state, nowMs) =>
        {
            var decision = MoveUnit.Decide(state, context.Caller(), name, body.Value!, nowMs);
            view = decision.Refusal is null && !body.Value!.Cancel ? View(state, name, body.Value, nowMs, decision.Events[^1] is Core.Journal.UnitMoved ? "done" : "scheduled") : null;
            return decision;
        });
        return moved.Refusal is { } refusal ? Answers.Refused(refusal) : Answers.Json(view ?? cloud.Read(state => new MoveView
        {
            Unit = name, FromPath = state.Units.Path(name), ToPath = state.Units.Path(name), State = "cancelled",
        }), ContractsJson.Default.MoveView);
    }

    private static IResult Preview(HttpContext context, string name, Cloud cloud, string? under = null, string? from = null)
    {
        DateTimeOffset date = default;
        if (from is not null && !DateTimeOffset.TryParse(from, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out date))
        {
            return Answers.Refused(new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(from)}' is no date: write 2026-12-01 or 2026-12-01T08:00:00Z"));
        }

        var request = new MoveRequest { Parent = under, From = from is null ? null : date };
        var previewed = cloud.Read<Outcome<MoveView>>(state => MoveUnit.Check(state, context.Caller(), name, request) is { } refusal ? refusal : View(state, name, request, cloud.NowMs, "preview"));
        return previewed.Refusal is { } refused ? Answers.Refused(refused) : Answers.Json(previewed.Value!, ContractsJson.Default.MoveView);
    }

    private static IResult List(HttpContext context, Cloud cloud)
    {
        IReadOnlyList<MoveView> moves = cloud.Read(state => state.Moves.Pending.Where(move => Permission.Sees(state, context.Caller(), move.Unit)).Select(move => new MoveView
        {
            Unit = move.Unit, FromPath = state.Units.Path(move.Unit), ToPath = $"{state.Units.Path(move.ToParent)}/{move.Unit}", At = WorkloadViews.Time(move.AtMs), State = "scheduled",
        }).ToList());
        return Answers.Json(moves, ContractsJson.Default.IReadOnlyListMoveView);
    }

    private static MoveView View(CloudState state, string name, MoveRequest request, long nowMs, string kind)
    {
        var at = request.From ?? WorkloadViews.Time(nowMs);
        return new MoveView
        {
            Unit = name, FromPath = state.Units.Path(name), ToPath = $"{state.Units.Path(request.Parent!)}/{name}", At = at, State = kind,
            Effects = [.. MovePreview.Of(state, name, request.Parent!, at.ToUnixTimeMilliseconds()).Select(effect => new MoveEffectView(effect.Unit, effect.What, effect.Before, effect.After))],
        };
    }
}
