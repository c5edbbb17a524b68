using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Targets;

/// <summary>
/// The proof that comes with every solution: no allocation can raise the objective above <paramref name="Dual"/>.
/// </summary>
/// <param name="Primal">sum of weight x ln(work - work alone) that was reached; weights sum to 1.</param>
/// <param name="Dual">An upper bound on the same, from the prices alone.</param>
/// <param name="Gap">1 - exp(-(dual - primal) / sum of weights): average relative shortfall in gain.</param>
/// <param name="Steps">Interior-point steps, all solves together.</param>
public sealed record TargetCertificate(double Primal, double Dual, double Gap, int Steps);

/// <summary>What a row of equal workloads is worth inside its unit, at the prices of the unit's own target.</summary>
/// <param name="Value">m: marginal value of one unit of this row's work (money per device at speed 1).</param>
/// <param name="Rent">q: what one more device of demand would be worth; positive where all of the row runs.</param>
/// <param name="Efficiency">m x speed / (price + q) per chip class: 1 where the row belongs, less elsewhere, 0 where it cannot run.</param>
/// <param name="ShareMilli">Milli-devices per chip class that the row would hold inside the unit's target.</param>
public sealed record RowPrice(double Value, double Rent, ImmutableArray<double> Efficiency, ImmutableArray<long> ShareMilli);

/// <summary>Targets, prices and their certificate. Everything is indexed like the problem.</summary>
/// <param name="TargetMilli">Per unit (every level) and chip class, in milli-devices.</param>
/// <param name="GuaranteedMilli">Per unit and class: min(guarantee, demand, limit) after scaling to what is healthy, a
/// family's own guarantee handed on to its members.</param>
/// <param name="ShortfallMilli">Per unit and class: what of min(guarantee, demand, limit) the healthy devices cannot honour.</param>
/// <param name="WorkAlone">D per unit: work the leaf could do with its guaranteed devices only, in device-speeds; 0 for inner units.</param>
/// <param name="Work">U per unit: work that its target does; inner units: sum of their leaves.</param>
/// <param name="Prices">Scarcity price per chip class, money per device; all weights together are 1. 0 = abundant.</param>
/// <param name="Rows">One entry per row of the problem.</param>
public sealed record TargetSolution(
    ImmutableArray<ImmutableArray<long>> TargetMilli,
    ImmutableArray<ImmutableArray<long>> GuaranteedMilli,
    ImmutableArray<ImmutableArray<long>> ShortfallMilli,
    ImmutableArray<double> WorkAlone,
    ImmutableArray<double> Work,
    ImmutableArray<double> Prices,
    ImmutableArray<RowPrice> Rows,
    TargetCertificate Certificate);
