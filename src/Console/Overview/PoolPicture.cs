using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;

namespace Amalgam.Pages.Overview;

/// <summary>The whole pool as one picture: a cell for each device, by class, then by who holds it.</summary>
public sealed record PoolPicture(IReadOnlyList<ClassPicture> Classes, int Devices, int Cell, int Gap)
{
    /// <summary>Up to so many devices each cell tells its device and its holder; beyond, a group tells how many it is.</summary>
    public const int Told = 800;

    public static readonly PoolPicture Empty = new([], 0, 16, 4);

    /// <summary>Each device by itself.</summary>
    public static PoolPicture Of(IReadOnlyList<NodeView> nodes, IReadOnlyList<ChipView> chips, Look look) =>
        Of(nodes.GroupBy(node => node.ChipClass, StringComparer.Ordinal).Select(group => (group.Key, Groups(group, look))), chips);

    /// <summary>As many cells as there are devices, told group by group.</summary>
    public static PoolPicture Counted(IReadOnlyList<HoldingView> holdings, IReadOnlyList<ChipView> chips, Look look) =>
        Of(holdings.GroupBy(holding => holding.ChipClass, StringComparer.Ordinal).Select(group => (group.Key, group.Select(holding => Group(holding, look)).ToList())), chips);

    private static PoolPicture Of(IEnumerable<(string ChipClass, List<HolderPicture> Groups)> classes, IReadOnlyList<ChipView> chips)
    {
        var stock = chips.ToDictionary(chip => chip.ChipClass, StringComparer.Ordinal);
        var pictures = classes.OrderBy(group => group.ChipClass, StringComparer.Ordinal).Select(group => new ClassPicture(group.ChipClass, stock.GetValueOrDefault(group.ChipClass), group.Groups)).ToList();
        var devices = pictures.Sum(group => group.Groups.Sum(holder => holder.Count));
        var (cell, gap) = devices switch { <= 150 => (16, 4), <= Told => (11, 3), <= 6000 => (7, 2), _ => (5, 1) };
        return new(pictures, devices, cell, gap);
    }

    private static HolderPicture Group(HoldingView holding, Look look)
    {
        var kind = holding.State switch { "lost" => CellKind.Lost, "idle" => CellKind.Idle, _ => holding.Unit is null ? CellKind.Other : CellKind.Held };
        return new(kind, Name(kind, holding.Unit, look), holding.Devices, []);
    }

    private static List<HolderPicture> Groups(IEnumerable<NodeView> nodes, Look look)
    {
        var cells = nodes.SelectMany(node => node.Devices.Select(device => (Kind: Kind(device), Unit: Unit(device), Cell: new DeviceCell(Title(node, device, look), Share(device))))).ToList();
        return [.. cells.GroupBy(cell => (cell.Kind, cell.Unit))
            .OrderBy(group => group.Key.Kind).ThenByDescending(group => group.Count()).ThenBy(group => group.Key.Unit, StringComparer.Ordinal)
            .Select(group => new HolderPicture(group.Key.Kind, Name(group.Key.Kind, group.Key.Unit, look), group.Count(), [.. group.Select(cell => cell.Cell).OrderByDescending(cell => cell.Share)]))];
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

/// <param name="Cells">Of each device by itself; empty where they are only counted.</param>
public sealed record HolderPicture(CellKind Kind, string Name, int Count, IReadOnlyList<DeviceCell> Cells)
{
    /// <summary>About twice as wide as high, whole rows of eight where there are that many.</summary>
    public int Columns => Count <= 8 ? Count : 8 * (int)Math.Ceiling(Math.Sqrt(Count * 2.2) / 8);

    public int Rows => (Count + Columns - 1) / Columns;

    /// <summary>The ground that all cells cover, whole rows and what is left, as one SVG path to be filled with a pattern: as short for five thousand devices as for nine.</summary>
    /// <param name="step">Of a cell with its gap.</param>
    public string Ground(int step)
    {
        var (whole, rest) = (Count / Columns, Count % Columns);
        var rows = whole == 0 ? "" : $"M0 0h{Columns * step}v{whole * step}h-{Columns * step}z";
        return rest == 0 ? rows : $"{rows}M0 {whole * step}h{rest * step}v{step}h-{rest * step}z";
    }
}
