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

    private void CheckUnit(int index)
    {
        var unit = Units[index];
        Require(unit.Parent < index, $"unit {index}: its parent must come before it");
        Require(double.IsFinite(unit.Weight) && unit.Weight is >= 0 and <= 1e9, $"unit {index}: the weight must lie between 0 and 1e9");
        foreach (var amounts in new[] { unit.GuaranteeMilli, unit.FirmMilli, unit.LimitMilli })
        {
            Require(amounts.IsDefaultOrEmpty || amounts.Length == CapacityMilli.Length, $"unit {index}: one amount per chip class is needed");
            Require(amounts.IsDefaultOrEmpty || amounts.All(a => a >= 0), $"unit {index}: amounts must not be negative");
        }
    }

    private void CheckRow(int index)
    {
        var row = Rows[index];
        Require(row.Unit >= 0 && row.Unit < Units.Length, $"row {index}: there is no unit {row.Unit}");
        Require(row.Speeds.Length == CapacityMilli.Length, $"row {index}: one speed per chip class is needed");
        Require(row.Speeds.All(s => double.IsFinite(s) && s is >= 0 and <= 1e6), $"row {index}: speeds must lie between 0 and 1e6");
        Require(row.DemandMilli >= 0 && row.Workloads >= 0, $"row {index}: demand must not be negative");
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }
}
