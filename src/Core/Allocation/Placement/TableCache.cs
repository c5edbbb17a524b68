using System.Runtime.CompilerServices;

namespace Amalgam.Core.Allocation.Placement;

/// <summary>
/// Remembers worth tables from plan to plan. They are a pure function of the typical work, the shapes and the classes, so that it makes no difference to
/// any plan whether they are remembered or computed; computing them takes up to some ten milliseconds.
/// </summary>
internal static class TableCache
{
    private const int MostPerMix = 8;

    private static readonly ConditionalWeakTable<TypicalWork, List<Known>> Tables = [];

    /// <param name="chips">Names of the classes by index.</param>
    public static WorthTables Of(TypicalWork typical, NodeShape[] shapes, string[] chips)
    {
        var known = Tables.GetOrCreateValue(typical);
        lock (known)
        {
            var at = known.FindIndex(k => k.Shapes.AsSpan().SequenceEqual(shapes) && k.Chips.AsSpan().SequenceEqual(chips));
            var found = at >= 0 ? known[at] : new Known(shapes, chips, new WorthTables(shapes, MixOf(typical, chips)));
            if (at >= 0)
            {
                known.RemoveAt(at);
            }
            else if (known.Count == MostPerMix)
            {
                known.RemoveAt(0);
            }

            known.Add(found);
            return found.Tables;
        }
    }

    private static RequestMix MixOf(TypicalWork typical, string[] chips)
    {
        var mix = new RequestMix();
        foreach (var kind in typical.Kinds)
        {
            var speeds = chips.Select(chip => kind.Speeds.FirstOrDefault(speed => string.Equals(speed.ChipClass, chip, StringComparison.Ordinal)).Millionths / 1e6);
            mix.Ask(new PlacementRequest((int)kind.DevicesMilli, kind.CpuMilli, kind.RamMiB, kind.MemoryMiB, [.. speeds]), kind.Weight);
        }

        return mix;
    }

    private sealed record Known(NodeShape[] Shapes, string[] Chips, WorthTables Tables);
}
