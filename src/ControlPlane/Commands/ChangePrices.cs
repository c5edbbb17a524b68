using System.Collections.Immutable;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`price change … --apply` and `price undo`: all versions in one transaction.</summary>
public static class ChangePrices
{
    public static Decision<PriceChanged> Apply(CloudState state, Caller caller, PriceChangeRequest request, long nowMs, IReadOnlyCollection<string> knownClasses)
    {
        if (NotOwner(state, caller) is { } forbidden)
        {
            return forbidden;
        }

        if (request.From is null)
        {
            return new Refusal(RefusalCodes.Invalid, "say from when the change holds: --from 2027-01-01");
        }

        var change = Read(state, request, nowMs, knownClasses);
        if (change.Refusal is { } refusal)
        {
            return refusal;
        }

        var id = $"p{state.NextPriceChange}";
        var versions = change.Value!.Versions(state.Prices, state.Units, id);
        return versions.Refusal is { } wrong ? wrong : Made(new PriceChanged(id, change.Value.Words, versions.Value));
    }

    public static Decision<PriceChanged> Undo(CloudState state, Caller caller, int version, long nowMs)
    {
        if (NotOwner(state, caller) is { } forbidden)
        {
            return forbidden;
        }

        var id = $"p{state.NextPriceChange}";
        var versions = PriceChange.Undo(state.Prices, version, id, nowMs);
        return versions.Refusal is { } wrong ? wrong : Made(new PriceChanged(id, $"undo of version {version}", versions.Value, state.Prices.Find(version)!.ChangeId ?? $"version {version}"));
    }

    /// <summary>What is asked for, checked: subject, scope, share and dates.</summary>
    public static Outcome<PriceChange> Read(CloudState state, PriceChangeRequest request, long nowMs, IReadOnlyCollection<string> knownClasses)
    {
        if (request.ChipClass is null == request.Model is null)
        {
            return new Refusal(RefusalCodes.Invalid, "a price change is for a chip class or for a model: give --class C or --model M");
        }

        if (request.ChipClass is { } chip && chip != "*" && !knownClasses.Contains(chip, StringComparer.Ordinal))
        {
            return SetPrice.UnknownClass(chip);
        }

        var contracts = PriceText.Contracts(request.Contracts);
        var by = PriceText.Percent(request.By);
        if ((SetPrice.CheckScope(state, request.Unit, request.Segment) ?? contracts.Refusal ?? by.Refusal) is { } refusal)
        {
            return refusal;
        }

        var fromMs = request.From?.ToUnixTimeMilliseconds() ?? nowMs + 1;
        var announcedMs = request.Announced?.ToUnixTimeMilliseconds() ?? nowMs;
        if (fromMs <= nowMs)
        {
            return new Refusal(RefusalCodes.Invalid, $"a price cannot change in the past ({request.From:yyyy-MM-dd HH:mm}Z): what was used then is charged already");
        }

        return announcedMs > fromMs
            ? new Refusal(RefusalCodes.Invalid, "a price change is announced before it holds: --announced lies after --from")
            : new PriceChange(request.ChipClass is null ? PriceKind.Tokens : PriceKind.DeviceHour, request.ChipClass ?? request.Model!, request.Segment, request.Unit, contracts.Value, by.Value, fromMs, announcedMs);
    }

    private static Refusal? NotOwner(CloudState state, Caller caller) => Permission.Check(state, caller, Role.Owner, state.Units.Root.Name) is null
        ? null
        : new Refusal(RefusalCodes.Forbidden, $"prices are changed with an owner's key of {state.Units.Root.Name}");

    private static Decision<PriceChanged> Made(PriceChanged changed) => Decide.Yes(changed, changed);
}
