using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// A node of the organisation tree, as the target programme sees it. Amounts are milli-devices, one entry per chip class.
/// </summary>
/// <param name="Parent">Index of the parent in <see cref="TargetProblem.Units"/>, or -1. A parent comes before its children.</param>
/// <param name="Weight">Claim on what nobody is guaranteed, relative to siblings. 0 = exactly the guarantee.</param>
/// <param name="GuaranteeMilli">All that is guaranteed, firm devices included; empty = nothing.</param>
/// <param name="FirmMilli">The part of the guarantee that means these very devices; empty = nothing.</param>
/// <param name="LimitMilli">Hard ceilings; <see cref="long.MaxValue"/> = none; empty = none on any class.</param>
public sealed record TargetUnit(
    int Parent,
    double Weight,
    ImmutableArray<long> GuaranteeMilli = default,
    ImmutableArray<long> FirmMilli = default,
    ImmutableArray<long> LimitMilli = default)
{
    internal long Guarantee(int chip) => Math.Max(At(GuaranteeMilli, chip, 0), Firm(chip));

    internal long Firm(int chip) => At(FirmMilli, chip, 0);

    internal long Limit(int chip) => At(LimitMilli, chip, long.MaxValue);

    private static long At(ImmutableArray<long> amounts, int chip, long otherwise) =>
        amounts.IsDefaultOrEmpty ? otherwise : amounts[chip];
}

/// <summary>Equal workloads of one leaf unit: the same speeds and the same gang.</summary>
/// <param name="Unit">Index of the leaf in <see cref="TargetProblem.Units"/>.</param>
/// <param name="Speeds">Speed on each chip class relative to the best (1.0); 0 = cannot run there.</param>
/// <param name="DemandMilli">Milli-devices that all workloads of the row want together.</param>
/// <param name="Workloads">How many workloads the row stands for: its weight inside the unit.</param>
/// <param name="GangMilli">Milli-devices that one workload takes; reported with the row's prices, no part of the programme.</param>
public sealed record TargetRow(int Unit, ImmutableArray<double> Speeds, long DemandMilli, int Workloads = 1, long GangMilli = 1000);

/// <summary>What the targets depend on: healthy capacity per chip class (milli-devices), the tree, and the grouped demand.</summary>
public sealed record TargetProblem(
    ImmutableArray<long> CapacityMilli,
    ImmutableArray<TargetUnit> Units,
    ImmutableArray<TargetRow> Rows)
{
    /// <exception cref="ArgumentException">Names the first unit or row that makes no sense and says why.</exception>
    public void Validate()
    {
        for (var u = 0; u < Units.Length; u++)
        {
            CheckUnit(u);
        }
        for (var r = 0; r < Rows.Length; r++)
        {
            CheckRow(r);
        }
    }

    // Nothing is formatted where nothing is wrong: a problem has thousands of rows and is posed at every event.
    private void CheckUnit(int index)
    {
        var unit = Units[index];
        var wrong = unit.Parent >= index ? "its parent must come before it"
            : !double.IsFinite(unit.Weight) || unit.Weight is < 0 or > 1e9 ? "the weight must lie between 0 and 1e9"
            : Wrong(unit.GuaranteeMilli) ?? Wrong(unit.FirmMilli) ?? Wrong(unit.LimitMilli);
        Require(wrong, "unit", index);
    }

    private string? Wrong(ImmutableArray<long> amounts) => amounts.IsDefaultOrEmpty ? null
        : amounts.Length != CapacityMilli.Length ? "one amount per chip class is needed"
        : amounts.AsSpan().ContainsAnyInRange(long.MinValue, -1) ? "amounts must not be negative"
        : null;

    private void CheckRow(int index)
    {
        var row = Rows[index];
        var wrong = row.Unit < 0 || row.Unit >= Units.Length ? $"there is no unit {row.Unit}"
            : row.Speeds.Length != CapacityMilli.Length ? "one speed per chip class is needed"
            : row.DemandMilli < 0 || row.Workloads < 0 ? "demand must not be negative"
            : null;
        foreach (var speed in row.Speeds)
        {
            wrong ??= double.IsFinite(speed) && speed is >= 0 and <= 1e6 ? null : "speeds must lie between 0 and 1e6";
        }
        Require(wrong, "row", index);
    }

    private static void Require(string? wrong, string what, int index)
    {
        if (wrong is not null)
        {
            throw new ArgumentException($"{what} {index}: {wrong}");
        }
    }
}
