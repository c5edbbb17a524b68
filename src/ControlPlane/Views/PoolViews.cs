using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Access;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Units;

namespace Amalgam.ControlPlane.Views;

/// <summary>Chips, units and prices as the API shows them.</summary>
public static class PoolViews
{
    private static readonly Dictionary<string, decimal> Nothing = [];

    public static List<ChipView> Chips(CloudState state, Pool pool, ICatalogue catalogue, long nowMs)
    {
        var leased = state.OpenLeases.GroupBy(lease => lease.ChipClass, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(lease => lease.MilliDevices), StringComparer.Ordinal);
        var scarcity = pool.Plan?.Prices.ToDictionary(price => price.ChipClass, price => price.Millionths, StringComparer.Ordinal) ?? [];
        return [.. pool.Nodes.GroupBy(node => node.ChipClass, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group =>
        {
            var healthy = group.Sum(node => node.Devices.Count(device => device.Healthy));
            var held = leased.GetValueOrDefault(group.Key) / 1000m;
            var facts = catalogue.Chip(group.Key);
            return new ChipView
            {
                ChipClass = group.Key,
                Vendor = facts?.Vendor,
                Name = facts?.Name,
                Devices = group.Sum(node => node.Devices.Count),
                Healthy = healthy,
                Leased = held,
                Free = Math.Max(0, healthy - held),
                MemoryMiBPerDevice = group.Min(node => node.MemoryMiBPerDevice),
                PricePerDeviceHour = state.Prices.At(PriceKind.DeviceHour, group.Key, nowMs) is { } price ? Nano.Format(price.DeviceHourNano) : null,
                ScarcityPrice = scarcity.GetValueOrDefault(group.Key) / 1e6,
                Simulated = group.Any(node => node.Simulated),
                Nodes = [.. group.Select(node => node.Name)],
            };
        })];
    }

    public static List<UnitView> Units(CloudState state, Caller caller, Pool pool)
    {
        var targets = pool.Plan?.Targets.ToLookup(target => target.Unit, StringComparer.Ordinal);
        var waiting = state.OpenWorkloads.Where(workload => pool.Pending(workload.Id) is not null).GroupBy(workload => workload.Spec.Unit, StringComparer.Ordinal)
            .Select(group => (Unit: group.Key, Count: group.Count())).ToList();
        return [.. state.Units.Subtree(caller.Unit).Select(item => new UnitView
        {
            Name = item.Unit.Name,
            Parent = item.Depth == 0 ? null : item.Unit.Parent,
            Path = state.Units.Path(item.Unit.Name),
            Depth = item.Depth,
            Weight = item.Unit.Weight,
            Guarantee = Devices(item.Unit.Guarantee),
            Limit = Devices(item.Unit.Limit),
            Target = targets?[item.Unit.Name].Where(target => target.Milli > 0).ToDictionary(target => target.ChipClass, target => target.Milli / 1000m, StringComparer.Ordinal) ?? Nothing,
            Held = state.OpenLeases.Where(lease => state.Units.IsWithin(lease.Unit, item.Unit.Name)).GroupBy(lease => lease.ChipClass, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Sum(lease => lease.MilliDevices) / 1000m, StringComparer.Ordinal),
            WaitingWorkloads = waiting.Where(group => state.Units.IsWithin(group.Unit, item.Unit.Name)).Sum(group => group.Count),
            Facts = state.Units.Facts(item.Unit.Name),
            MinRuntimeSeconds = item.Unit.MinRuntimeMs / 1000.0,
            MaxWaitSeconds = item.Unit.MaxWaitMs / 1000.0,
        })];
    }

    public static KeyView Of(ApiKey key) => new()
    {
        Id = key.Id, Name = key.Name, Unit = key.Unit, Role = key.Role.ToString().ToLowerInvariant(), Prefix = key.Prefix, CreatedAt = WorkloadViews.Time(key.CreatedMs),
        ExpiresAt = key.ExpiresMs is { } expires ? WorkloadViews.Time(expires) : null, RevokedAt = key.RevokedMs is { } revoked ? WorkloadViews.Time(revoked) : null,
    };

    private static Dictionary<string, decimal> Devices(IEnumerable<KeyValuePair<string, long>> milli) => milli.ToDictionary(entry => entry.Key, entry => entry.Value / 1000m, StringComparer.Ordinal);
}
