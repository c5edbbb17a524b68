using System.Globalization;
using System.Text;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;

namespace Amalgam.Pages.Overview;

/// <summary>The whole pool as one picture: a cell for each device, by class, then by who holds it.</summary>
public sealed record PoolPicture(IReadOnlyList<ClassPicture> Classes, int Devices, int Cell, int Gap)
{
    public static readonly PoolPicture Empty = new([], 0, 16, 4);

    public static PoolPicture Of(IReadOnlyList<NodeView> nodes, IReadOnlyList<ChipView> chips, Look look)
    {
        var devices = nodes.Sum(node => node.Devices.Count);
        var (cell, gap) = devices switch { <= 150 => (16, 4), <= 800 => (11, 3), <= 6000 => (7, 2), _ => (5, 1) };
        var stock = chips.ToDictionary(chip => chip.ChipClass, StringComparer.Ordinal);
        return new([.. nodes.GroupBy(node => node.ChipClass, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new ClassPicture(group.Key, stock.GetValueOrDefault(group.Key), Groups(group, look)))], devices, cell, gap);
    }

    private static List<HolderPicture> Groups(IEnumerable<NodeView> nodes, Look look)
    {
        var cells = nodes.SelectMany(node => node.Devices.Select(device => (Kind: Kind(device), Unit: Unit(device), Cell: new DeviceCell(Title(node, device, look), Share(device))))).ToList();
        return [.. cells.GroupBy(cell => (cell.Kind, cell.Unit))
            .OrderBy(group => group.Key.Kind).ThenByDescending(group => group.Count()).ThenBy(group => group.Key.Unit, StringComparer.Ordinal)
            .Select(group => new HolderPicture(group.Key.Kind, Name(group.Key.Kind, group.Key.Unit, look), [.. group.Select(cell => cell.Cell).OrderByDescending(cell => cell.Share)]))];
    }

    private static CellKind Kind(DeviceView device) => !device.Healthy ? CellKind.Lost : device.Holders is not { Count: > 0 } holders ? CellKind.Idle : holders.Any(holder => holder.Unit is not null) ? CellKind.Held : CellKind.Other;

    /// <summary>Of a shared device: whoever holds most of it.</summary>
    private static string? Unit(DeviceView device) => device.Healthy ? device.Holders?.Where(holder => holder.Unit is not null).OrderByDescending(holder => holder.Share).FirstOrDefault()?.Unit : null;

    private static decimal Share(DeviceView device) => Math.Min(1, device.Holders?.Sum(holder => holder.Share) ?? 0);

    private static string Name(CellKind kind, string? unit, Look look) => kind switch { CellKind.Lost => look.T("lost"), CellKind.Idle => look.T("idle"), CellKind.Other => look.T("other units"), _ => unit! };

    private static string Title(NodeView node, DeviceView device, Look look)
    {
        var who = !device.Healthy ? $"{look.T("lost")}: {device.Problem}"
            : device.Holders is not { Count: > 0 } holders ? look.T("idle")
            : string.Join(", ", holders.Select(holder => holder.Unit is null ? look.T("other units") : $"{holder.Unit} {holder.Workload}{(holder.Share < 1 ? " " + holder.Share.ToString("P0", CultureInfo.InvariantCulture) : "")}"));
        return $"{node.Name}:{device.Index} · {who}";
    }
}

public enum CellKind
{
    Held,

    /// <summary>By a unit that this key does not see.</summary>
    Other,
    Idle,
    Lost,
}

/// <param name="Share">Of the device that is leased.</param>
public sealed record DeviceCell(string Title, decimal Share);

public sealed record ClassPicture(string ChipClass, ChipView? Stock, IReadOnlyList<HolderPicture> Groups);

public sealed record HolderPicture(CellKind Kind, string Name, IReadOnlyList<DeviceCell> Cells)
{
    /// <summary>About twice as wide as high, whole rows of eight where there are that many.</summary>
    public int Columns => Cells.Count <= 8 ? Cells.Count : 8 * (int)Math.Ceiling(Math.Sqrt(Cells.Count * 2.2) / 8);

    public int Rows => (Cells.Count + Columns - 1) / Columns;

    /// <summary>All cells as one path: five thousand devices are a few kilobytes on the wire.</summary>
    public string Path(int cell, int gap)
    {
        var path = new StringBuilder();
        for (var at = 0; at < Cells.Count; at++)
        {
            var (x, y) = (at % Columns * (cell + gap) + 1, at / Columns * (cell + gap) + 1);
            path.Append(CultureInfo.InvariantCulture, $"M{x} {y}h{cell}v{cell}h-{cell}z");
            if (Kind == CellKind.Lost)
            {
                path.Append(CultureInfo.InvariantCulture, $"l{cell} {cell}m0-{cell}l-{cell} {cell}");
            }
        }

        return path.ToString();
    }
}
