using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

/// <summary>Who holds which device, kept up lease by lease: what a plan's execution and its check need without looking at all leases.</summary>
public sealed class DeviceBook
{
    private readonly Dictionary<string, Lease> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Node, int Device), long> _used = [];
    private readonly Dictionary<(string Node, int Device), HashSet<string>> _holders = [];
    private readonly Dictionary<(string Unit, string ChipClass), long> _heldIn = [];
    private Dictionary<string, NodeState> _nodes = new(StringComparer.Ordinal);

    /// <summary>Ids of open leases, those that were told to end included.</summary>
    public IEnumerable<string> Leases => _open.Keys;

    public Lease? Lease(string id) => _open.GetValueOrDefault(id);

    public NodeState? Node(string name) => _nodes.GetValueOrDefault(name);

    /// <summary>Milli-devices that open leases hold of a device, those that were told to end included.</summary>
    public long UsedMilli(string node, int device) => _used.GetValueOrDefault((node, device));

    /// <summary>Leases on a device that were not told to end.</summary>
    public IEnumerable<Lease> HoldersOf(string node, int device) =>
        _holders.TryGetValue((node, device), out var ids) ? ids.Select(id => _open[id]) : [];

    /// <summary>Milli-devices of a class that the unit's own workloads hold and were not told to give back.</summary>
    public long HeldMilli(string unit, string chipClass) => _heldIn.GetValueOrDefault((unit, chipClass));

    public void SetNodes(ImmutableArray<NodeState> nodes) => _nodes = nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);

    /// <param name="now">The lease as it is now; null or ended = it holds nothing any more.</param>
    public void Settle(string id, Lease? now)
    {
        if (_open.Remove(id, out var before))
        {
            Count(before, -1);
        }

        if (now is { IsOpen: true })
        {
            _open.Add(id, now);
            Count(now, +1);
        }
    }

    private void Count(Lease lease, int sign)
    {
        foreach (var device in lease.Devices)
        {
            _used[(lease.Node, device)] = UsedMilli(lease.Node, device) + (sign * lease.MilliPerDevice);
            if (lease.EndingMs is null)
            {
                var holders = _holders.TryGetValue((lease.Node, device), out var known) ? known : _holders[(lease.Node, device)] = [];
                _ = sign > 0 ? holders.Add(lease.Id) : holders.Remove(lease.Id);
            }
        }

        if (lease.EndingMs is null)
        {
            _heldIn[(lease.Unit, lease.ChipClass)] = HeldMilli(lease.Unit, lease.ChipClass) + (sign * lease.MilliDevices);
        }
    }
}
