using Amalgam.ControlPlane.Ports;
using Amalgam.Contracts;

namespace Amalgam.ControlPlane.Views;

/// <summary>The pool counted by class and holder.</summary>
public static class Holdings
{
    public const string Held = "held";
    public const string Idle = "idle";
    public const string Lost = "lost";

    /// <param name="holders">Of each device that somebody holds, by node and index.</param>
    /// <returns>By class; within one first what is held, the largest holder first, then what is idle, then what is lost.</returns>
    public static IReadOnlyList<HoldingView> Of(IReadOnlyList<NodeObservation> nodes, IReadOnlyDictionary<(string Node, int Device), IReadOnlyList<HolderView>> holders)
    {
        var found = new Dictionary<(string ChipClass, string State, string? Unit), (int Devices, decimal Leased, string? Problem)>();
        foreach (var node in nodes)
        {
            foreach (var device in node.Devices)
            {
                var by = holders.GetValueOrDefault((node.Name, device.Index));
                var key = !device.Healthy ? (node.ChipClass, Lost, null) : by is null ? (node.ChipClass, Idle, null) : (node.ChipClass, Held, Unit(by));
                var (devices, leased, problem) = found.GetValueOrDefault(key);
                found[key] = (devices + 1, leased + (by is null ? 0 : Math.Min(1, by.Sum(holder => holder.Share))), problem ?? (device.Healthy ? null : device.Problem));
            }
        }

        return [.. found.Select(item => new HoldingView(item.Key.ChipClass, item.Key.State, item.Key.Unit, item.Value.Devices, item.Value.Leased, item.Value.Problem))
            .OrderBy(item => item.ChipClass, StringComparer.Ordinal).ThenBy(item => Rank(item)).ThenByDescending(item => item.Devices).ThenBy(item => item.Unit, StringComparer.Ordinal)];
    }

    /// <summary>Of a shared device: whoever holds most of it, of those that the key sees.</summary>
    private static string? Unit(IReadOnlyList<HolderView> holders) =>
        holders.Count == 1 ? holders[0].Unit : holders.Where(holder => holder.Unit is not null).OrderByDescending(holder => holder.Share).FirstOrDefault()?.Unit;

    private static int Rank(HoldingView holding) => holding.State switch { Held => holding.Unit is null ? 1 : 0, Idle => 2, _ => 3 };
}
