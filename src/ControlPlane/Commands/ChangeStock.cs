using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`stock receive | fail | retire | spare | in-service`. Leased + spare + failed + retired never exceeds what was received.</summary>
public static class ChangeStock
{
    private const long MostDevices = 1_000_000;

    public static Decision<string> Receive(CloudState state, Caller caller, StockReceiveRequest request, long nowMs, IReadOnlyCollection<string> knownClasses)
    {
        if ((MayDecide(state, caller) ?? Check(request.Devices, request.Note)) is { } refusal)
        {
            return refusal;
        }

        if (!knownClasses.Contains(request.ChipClass, StringComparer.Ordinal))
        {
            return Invalid($"neither this cloud nor the catalogue has a chip class '{Names.Clip(request.ChipClass)}' (`amalgam chips`)");
        }

        var lot = new StockLot(
            $"s{state.Stock.NextLot}", request.ChipClass, request.Devices, request.Date?.ToUnixTimeMilliseconds() ?? nowMs, request.Spare ? StockCondition.Spare : StockCondition.InService, request.Note ?? "");
        return state.Stock.Count(lot.ChipClass, nowMs) is null && First(state, lot, nowMs) is { } wrong
            ? wrong
            : Decide.Yes(lot.ChipClass, new StockReceived(lot, request.Replenishable));
    }

    public static Decision<string> Move(CloudState state, Caller caller, StockMoveRequest request, long nowMs)
    {
        if ((MayDecide(state, caller) ?? Check(request.Devices, request.Note)) is { } refusal)
        {
            return refusal;
        }

        if (Parse(request.From) is not { } from || Parse(request.To) is not { } to || from == to || from == StockCondition.Retired)
        {
            return Invalid($"chips go from in-service, spare or failed to another of in-service, spare, failed and retired, not from '{Names.Clip(request.From)}' to '{Names.Clip(request.To)}'");
        }

        if (state.Stock.Count(request.ChipClass, nowMs) is not { } count)
        {
            return new Refusal(RefusalCodes.NotFound, $"no lot of '{Names.Clip(request.ChipClass)}' was received yet: begin with `amalgam stock receive CLASS N`");
        }

        if (count.Of(from) < request.Devices)
        {
            return new Refusal(RefusalCodes.Conflict, $"{request.ChipClass} has {count.Of(from)} devices {Name(from)}, not {request.Devices}");
        }

        var leased = Supply.Leased(state, request.ChipClass);
        return from == StockCondition.InService && count.InService - request.Devices < leased
            ? new Refusal(RefusalCodes.Conflict, $"{leased} of the {count.InService} {request.ChipClass} in service are leased: at most {Math.Max(0, count.InService - leased)} can leave service before work on them ends (`amalgam ps`)")
            : Decide.Yes(request.ChipClass, new StockMoved(request.ChipClass, request.Devices, from, to, request.Note ?? ""));
    }

    public static string Name(StockCondition condition) => condition == StockCondition.InService ? "in-service" : condition.ToString().ToLowerInvariant();

    /// <summary>From the first lot on the book counts, not the engines: it must hold at least what is leased.</summary>
    private static Refusal? First(CloudState state, StockLot lot, long nowMs)
    {
        var leased = Supply.Leased(state, lot.ChipClass);
        return lot.ReceivedMs > nowMs && Supply.Reported(state, lot.ChipClass) > 0
            ? new Refusal(RefusalCodes.Conflict, $"engines report {Supply.Reported(state, lot.ChipClass)} {lot.ChipClass} and no lot holds them yet: receive those first, then what is on order")
            : lot.ReceivedMs <= nowMs && (lot.Arrives == StockCondition.InService ? lot.Devices : 0) < leased
                ? new Refusal(RefusalCodes.Conflict, $"{leased} {lot.ChipClass} are leased now: the first lot must hold at least these, in service")
                : null;
    }

    private static Refusal? Check(long devices, string? note) =>
        devices is < 1 or > MostDevices ? Invalid($"give between 1 and {MostDevices} devices, not {devices}")
        : note is { } text && (text.Length > 200 || text.Any(char.IsControl)) ? Invalid("a note is one line of at most 200 letters")
        : null;

    private static Refusal? MayDecide(CloudState state, Caller caller) =>
        Permission.Check(state, caller, Role.Operator, state.Units.Root.Name) is null ? null : new Refusal(RefusalCodes.Forbidden, $"stock is changed with an operator's or owner's key of {state.Units.Root.Name}");

    private static StockCondition? Parse(string name) => name switch
    {
        "in-service" => StockCondition.InService,
        "spare" => StockCondition.Spare,
        "failed" => StockCondition.Failed,
        "retired" => StockCondition.Retired,
        _ => null,
    };

    private static Refusal Invalid(string message) => new(RefusalCodes.Invalid, message);
}
