using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`price set`: a new version in the price book, now or later, never in the past.</summary>
public static class SetPrice
{
    public static Decision<Price> Decide(CloudState state, Caller caller, PriceRequest request, long nowMs, IReadOnlyCollection<string> knownClasses)
    {
        if (Permission.Check(state, caller, Role.Owner, state.Units.Root.Name) is not null)
        {
            return new Refusal(RefusalCodes.Forbidden, $"list prices are set with an owner's key of {state.Units.Root.Name}");
        }

        // Not this very instant: a request that began in it has set its cost aside at the price before.
        var fromMs = request.From?.ToUnixTimeMilliseconds() ?? nowMs + 1;
        if (fromMs <= nowMs)
        {
            return new Refusal(RefusalCodes.Invalid, $"a price cannot begin in the past ({request.From:u}): what was used then is charged already");
        }

        var tokens = new[] { request.PerMillionInput, request.PerMillionCachedInput, request.PerMillionOutput };
        if (request.PerDeviceHour is null == tokens.All(price => price is null))
        {
            return new Refusal(RefusalCodes.Invalid, "give either a price per device-hour or prices per million tokens");
        }

        if (request.PerDeviceHour is not null && request.Subject != "*" && !knownClasses.Contains(request.Subject, StringComparer.Ordinal))
        {
            return UnknownClass(request.Subject);
        }

        if (request.Subject != "*" && Names.Check("price", request.Subject) is { } bad)
        {
            return bad;
        }

        if (request.OnClass is { } chip && (request.PerDeviceHour is not null || !knownClasses.Contains(chip, StringComparer.Ordinal)))
        {
            return request.PerDeviceHour is not null ? new Refusal(RefusalCodes.Invalid, "--on-class is for the tokens of a model; a price per device-hour has its class already") : UnknownClass(chip);
        }

        return Version(state, request, fromMs, nowMs);
    }

    public static Refusal UnknownClass(string chip) =>
        new(RefusalCodes.Invalid, $"neither this cloud nor the catalogue has a chip class '{Names.Clip(chip)}' (`amalgam chips`)");

    /// <summary>A price is for everybody, for one unit and all below it, or for one segment.</summary>
    public static Refusal? CheckScope(CloudState state, string? unit, string? segment) =>
        unit is not null && segment is not null ? new Refusal(RefusalCodes.Invalid, "give --unit or --segment, not both")
        : unit is not null && state.Units.Find(unit) is null ? new Refusal(RefusalCodes.NotFound, $"there is no unit '{Names.Clip(unit)}' (`amalgam unit tree`)")
        : segment is not null ? Names.Check("segment", segment)
        : null;

    private static Decision<Price> Version(CloudState state, PriceRequest request, long fromMs, long nowMs)
    {
        var device = request.PerDeviceHour is not null;
        var contracts = PriceText.Contracts(request.Contracts);
        var tiers = PriceText.Tiers(request.Tiers, device ? PriceKind.DeviceHour : PriceKind.Tokens);
        if ((CheckScope(state, request.Unit, request.Segment) ?? contracts.Refusal ?? tiers.Refusal) is { } refusal)
        {
            return refusal;
        }

        var scope = new PriceScope(device ? PriceKind.DeviceHour : PriceKind.Tokens, request.Subject, request.OnClass, request.Unit, request.Segment, contracts.Value);
        var announcedMs = request.Announced?.ToUnixTimeMilliseconds() ?? nowMs;
        if (announcedMs > fromMs)
        {
            return new Refusal(RefusalCodes.Invalid, "a price is announced before it holds: --announced lies after --from");
        }

        if (request.From is not null && state.Prices.Versions(scope).LastOrDefault(version => version.FromMs == fromMs && fromMs > nowMs) is { Restores: null } same)
        {
            return new Refusal(RefusalCodes.Conflict, $"version {same.Version} of {scope} begins at that instant already: undo it first (`amalgam price undo {same.Version}`)");
        }

        var before = state.Prices.At(scope, fromMs) ?? state.Prices.At(PriceKind.Tokens, request.Subject, fromMs);
        var amounts = new (string? Text, long Before)[]
        {
            (request.PerDeviceHour, 0), (request.PerMillionInput, before?.InputNano ?? 0), (request.PerMillionCachedInput, before?.CachedInputNano ?? 0), (request.PerMillionOutput, before?.OutputNano ?? 0),
        };
        var nano = new long[4];
        for (var at = 0; at < 4; at++)
        {
            if (amounts[at].Text is not { } text)
            {
                nano[at] = amounts[at].Before;
            }
            else if (Nano.Parse(text) is { } amount and >= 0)
            {
                nano[at] = amount;
            }
            else
            {
                return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no price: digits with at most nine decimals and a point, for instance 2.50");
            }
        }

        var price = new Price
        {
            Version = state.Prices.LastVersion + 1, Kind = device ? PriceKind.DeviceHour : PriceKind.Tokens, Subject = request.Subject, FromMs = fromMs, DeviceHourNano = nano[0],
            InputNano = device ? 0 : nano[1], CachedInputNano = device ? 0 : nano[2], OutputNano = device ? 0 : nano[3], OnClass = request.OnClass, Unit = request.Unit, Segment = request.Segment, Contracts = contracts.Value,
            Tiers = tiers.Value, AnnouncedMs = announcedMs,
        };
        return State.Decide.Yes(price, new PriceSet(price));
    }
}
