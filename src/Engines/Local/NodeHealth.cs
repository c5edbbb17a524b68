using System.Runtime.InteropServices;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>Adds to the detected chips what only the engine knows: a chip that was here and is gone, a core that members cannot be bound to.</summary>
internal sealed class NodeHealth(string engine)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, NodeObservation> _seen = new(StringComparer.Ordinal);

    public EngineInventory Inventory(IReadOnlyList<NodeObservation> detected)
    {
        var usable = UsableCores();
        lock (_gate)
        {
            var now = detected.Select(node => WithLostDevices(node with { Engine = engine, Devices = [.. node.Devices.Select(device => WithCores(device, usable))] })).ToList();
            foreach (var node in now) _seen[node.Name] = node;
            var gone = _seen.Values.Where(old => now.TrueForAll(node => node.Name != old.Name));
            now.AddRange(gone.Select(node => node with { Devices = [.. node.Devices.Select(Gone)] }));
            return new EngineInventory(now);
        }
    }

    private NodeObservation WithLostDevices(NodeObservation node)
    {
        if (!_seen.TryGetValue(node.Name, out var old)) return node;
        var lost = old.Devices.Where(device => node.Devices.All(now => now.Index != device.Index)).Select(Gone);
        return node with { Devices = [.. node.Devices.Concat(lost).OrderBy(device => device.Index)] };
    }

    private static DeviceObservation Gone(DeviceObservation device) =>
        device with { Healthy = false, Problem = "was here since the start and is not detected any more" };

    private static DeviceObservation WithCores(DeviceObservation device, HashSet<int> usable) =>
        device.Cores.Where(core => !usable.Contains(core)).ToList() is { Count: > 0 } missing
            ? device with { Healthy = false, Problem = $"core {string.Join(',', missing)} is offline or not open to this program" }
            : device;

    private static unsafe HashSet<int> UsableCores()
    {
        const int Bytes = 1024;
        var mask = stackalloc byte[Bytes];
        new Span<byte>(mask, Bytes).Clear();
        // The main thread's binding (the process id), not this thread's: a pool thread may be bound by anyone.
        if (Posix.GetAffinity(Environment.ProcessId, Bytes, mask) < 0)
            throw new EngineException($"the usable cores could not be read: {Posix.Message(Marshal.GetLastPInvokeError())}");
        var cores = new HashSet<int>();
        for (var core = 0; core < Bytes * 8; core++)
            if ((mask[core / 8] & (1 << (core % 8))) != 0)
                cores.Add(core);
        return cores;
    }
}
