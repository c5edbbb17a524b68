using Amalgam.ControlPlane.State;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Units;

namespace Amalgam.ControlPlane.Commands;

/// <summary>First start on an empty data directory: root, `default` unit, the owner's key, a starting price book. All in one append, so that it exists whole or not at all.</summary>
public static class FoundCloud
{
    public const string RootUnit = "root";

    private static readonly (string Subject, long DeviceHourNano)[] DevicePrices = [("*", 1_000_000_000), ("cpu", 40_000_000), ("cpu-scalar", 10_000_000)];

    public static Decision<ApiKey?> Decide(CloudState state, string secret, string currency, string version, long nowMs)
    {
        if (state.IsFounded)
        {
            return State.Decide.Yes<ApiKey?>(null, new CloudStarted(version));
        }

        var key = ChangeKeys.Make(state, "admin", RootUnit, Role.Owner, secret, nowMs, null);
        List<JournalEvent> events =
        [
            new CloudFounded(currency, version),
            new UnitSet(new Unit { Name = RootUnit }),
            new UnitSet(new Unit { Name = Placement.DefaultUnit, Parent = RootUnit }),
            new KeyCreated(key),
        ];
        foreach (var (subject, nano) in DevicePrices)
        {
            events.Add(new PriceSet(new Price { Version = events.Count - 3, Kind = PriceKind.DeviceHour, Subject = subject, FromMs = nowMs, DeviceHourNano = nano }));
        }

        events.Add(new PriceSet(new Price
        {
            Version = DevicePrices.Length + 1, Kind = PriceKind.Tokens, Subject = "*", FromMs = nowMs, InputNano = 100_000_000, CachedInputNano = 10_000_000, OutputNano = 400_000_000,
        }));
        events.Add(new CloudStarted(version));
        return State.Decide.Yes<ApiKey?>(key, events);
    }
}
