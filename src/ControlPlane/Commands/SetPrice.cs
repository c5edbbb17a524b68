using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;

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

        var fromMs = request.From?.ToUnixTimeMilliseconds() ?? nowMs;
        if (fromMs < nowMs)
        {
            return new Refusal(RefusalCodes.Invalid, $"a price cannot begin in the past ({request.From:O}): what was used then is charged already");
        }

        var tokens = new[] { request.PerMillionInput, request.PerMillionCachedInput, request.PerMillionOutput };
        if (request.PerDeviceHour is null == tokens.All(price => price is null))
        {
            return new Refusal(RefusalCodes.Invalid, "give either a price per device-hour or prices per million tokens");
        }

        if (request.PerDeviceHour is not null && request.Subject != "*" && !knownClasses.Contains(request.Subject, StringComparer.Ordinal))
        {
            return new Refusal(RefusalCodes.Invalid, $"neither this cloud nor the catalogue has a chip class '{Names.Clip(request.Subject)}' (`amalgam chips`)");
        }

        if (request.Subject != "*" && Names.Check("price", request.Subject) is { } bad)
        {
            return bad;
        }

        return Version(state, request, fromMs);
    }

    private static Decision<Price> Version(CloudState state, PriceRequest request, long fromMs)
    {
        var before = state.Prices.At(PriceKind.Tokens, request.Subject, fromMs);
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

        var device = request.PerDeviceHour is not null;
        var price = new Price
        {
            Version = state.Prices.LastVersion + 1, Kind = device ? PriceKind.DeviceHour : PriceKind.Tokens, Subject = request.Subject, FromMs = fromMs, DeviceHourNano = nano[0],
            InputNano = device ? 0 : nano[1], CachedInputNano = device ? 0 : nano[2], OutputNano = device ? 0 : nano[3],
        };
        return State.Decide.Yes(price, new PriceSet(price));
    }
}
