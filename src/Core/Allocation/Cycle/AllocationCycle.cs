using System.Collections.Immutable;
using Amalgam.Core.Allocation.Targets;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// One cycle: what must end ends, targets are solved, then requests are granted in passes, each milder than the next, until a
/// whole round of passes grants nothing more.
/// </summary>
internal sealed class AllocationCycle(PlanningState state, TargetMemory memory)
{
    /// <summary>Each round serves what the evictions of the one before have set free.</summary>
    private const int MostRounds = 12;

    public AllocationPlan Run()
    {
        var debts = new Debts(state);
        new Withdrawal(state).Run();
        var solution = TargetSolver.Solve(CycleTargets.Problem(state), memory);
        debts.Weigh(solution.Prices);
        var targets = new CycleTargets(state, solution, debts.Standing);
        targets.PriceShapes(state);
        var bounds = new Bounds(state.Tree, targets);
        var gathering = GiveOut(targets, bounds, debts);
        return new AllocationPlan
        {
            AtMs = state.NowMs,
            Decisions = Decisions.Of(state),
            Pending = new PendingCollection(new PendingReasonFinder(state, targets, state.Tree.Frozen()) { Notes = gathering.End() }),
            Targets = Amounts(targets.Raw),
            Prices = [.. state.Chips.Select((chip, c) => new ChipPrice(chip, (long)Math.Round(targets.Solution.Prices[c] * 1e6)))],
            Gap = targets.Solution.Certificate.Gap,
            Shortfalls = Shortfalls(targets),
            History = debts.After(targets),
            NextWakeMs = WakeTimes.Next(state),
        };
    }

    private Gathering GiveOut(CycleTargets targets, Bounds bounds, Debts debts)
    {
        var keys = new KeyTable(state);
        var starter = new Starter(state, targets, bounds, keys);
        var pass = new StartPass(state, targets, keys, debts.Standing);
        var consolidation = new Consolidation(state, bounds, starter);
        var gathering = new Gathering(state, bounds, starter, consolidation);
        var reprieve = new Reprieve(state, bounds);
        var prospects = new Prospects(state, targets, bounds);
        gathering.RunWithinShare();
        Upgrade.Run(state, starter, keys);
        for (var round = 0; round < MostRounds; round++)
        {
            pass.Run(starter.WhereItBelongs, prospects.WithinTarget, prospects.LeafWithinTarget);
            pass.Run(starter.WithinTarget, prospects.WithinTarget, prospects.LeafWithinTarget);
            var claims = pass.Run(
                request => starter.ReclaimWithinTarget(request) || (starter.OutranksOwn(request) && (starter.Borrow(request) || starter.Preempt(request))),
                prospects.Reclaims, prospects.LeafReclaims);
            if (round == 0)
            {
                gathering.RunBeyondShare();
            }

            pass.Run(starter.Borrow, prospects.Anywhere, prospects.LeafAnywhere);
            claims += pass.Run(
                request => starter.Reclaim(request) || starter.Preempt(request) || consolidation.TryMakeRoom(request),
                prospects.Claims, prospects.LeafClaims);
            claims += gathering.IsGathering ? pass.Run(gathering.Lend, static (_, _) => true, static _ => true) : 0;
            // Before others borrow what the claims have set free.
            var reprieved = reprieve.Run();
            if (claims == 0 && !reprieved && !gathering.Refresh())
            {
                return gathering;
            }
        }

        return gathering;
    }

    private ImmutableArray<UnitTarget> Amounts(long[] milli)
    {
        var amounts = ImmutableArray.CreateBuilder<UnitTarget>();
        for (var u = 0; u < state.Tree.Named; u++)
        {
            for (var c = 0; c < state.Chips.Length; c++)
            {
                amounts.Add(new UnitTarget(state.Tree.Units[u].Name, state.Chips[c], milli[state.Tree.At(u, c)]));
            }
        }

        return amounts.ToImmutable();
    }

    private ImmutableArray<UnitShortfall> Shortfalls(CycleTargets targets)
    {
        var found = ImmutableArray.CreateBuilder<UnitShortfall>();
        for (var u = 0; u < state.Tree.Named; u++)
        {
            for (var c = 0; c < state.Chips.Length; c++)
            {
                var missing = targets.Solution.ShortfallMilli[u][c];
                if (missing > 0)
                {
                    var at = state.Tree.At(u, c);
                    found.Add(new UnitShortfall(
                        state.Tree.Units[u].Name, state.Chips[c], targets.Guaranteed[at] + missing, targets.Guaranteed[at],
                        state.Tree.Firm[at] > targets.Guaranteed[at]));
                }
            }
        }

        return found.ToImmutable();
    }
}
