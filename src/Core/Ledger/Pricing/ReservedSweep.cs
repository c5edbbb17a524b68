using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>
/// Walks the instants at which leases or contracts of one class begin or end. Between two of them use is constant: each lease fills the contracts of the nearest unit above it first,
/// of one unit the oldest; what is left of a contract stood idle.
/// </summary>
internal sealed class ReservedSweep(UnitTree units, Tariffs tariffs, IEnumerable<Contract> reserved, List<Held> held)
{
    private readonly List<Contract> _deepestFirst = [.. reserved.OrderByDescending(contract => Depth(units, contract.Unit))];

    public IEnumerable<ReservedIdleCharged> Charge(IEnumerable<Contract> due, Func<Contract, long> from, Func<Contract, long> remainder, long nowMs)
    {
        var wanted = due.ToDictionary(contract => contract.Id, contract => new Run(contract, from(contract), Math.Min(nowMs, contract.EndMs), remainder(contract)), StringComparer.Ordinal);
        var begin = wanted.Values.Min(run => run.AtMs);
        var cuts = new SortedSet<long>(held.SelectMany(lease => (long[])[lease.FromMs, lease.ToMs])
            .Concat(_deepestFirst.SelectMany(contract => (long[])[contract.FromMs, contract.EndMs]))
            .Concat(wanted.Values.SelectMany(run => (long[])[run.AtMs, run.EndMs]))
            .Where(at => begin <= at && at < nowMs)) { nowMs };
        foreach (var to in cuts)
        {
            if (to <= begin)
            {
                continue;
            }

            var idle = Idle(begin);
            foreach (var run in wanted.Values.Where(run => run.AtMs < to && run.AtMs < run.EndMs))
            {
                foreach (var charge in Extend(run, Math.Min(to, run.EndMs), idle[run.Contract.Id]))
                {
                    yield return charge;
                }
            }

            begin = to;
        }

        foreach (var last in wanted.Values.SelectMany(run => Close(run)))
        {
            yield return last;
        }
    }

    /// <summary>Milli-devices of each contract in force that nobody uses from an instant on.</summary>
    private Dictionary<string, long> Idle(long atMs)
    {
        var use = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var lease in held.Where(lease => lease.FromMs <= atMs && atMs < lease.ToMs))
        {
            use[lease.Unit] = use.GetValueOrDefault(lease.Unit) + lease.MilliDevices;
        }

        var idle = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var contract in _deepestFirst)
        {
            var left = contract.InForce(atMs) ? contract.MilliDevices : 0;
            foreach (var unit in use.Keys.Where(unit => left > 0 && units.IsWithin(unit, contract.Unit)).ToList())
            {
                var taken = Math.Min(left, use[unit]);
                (left, use[unit]) = (left - taken, use[unit] - taken);
            }

            idle[contract.Id] = left;
        }

        return idle;
    }

    /// <summary>A run grows while as much stands idle; when that changes, what it came to is charged.</summary>
    private IEnumerable<ReservedIdleCharged> Extend(Run run, long toMs, long idleMilli)
    {
        if (run.ToMs > run.AtMs && run.IdleMilli != idleMilli)
        {
            foreach (var charge in Close(run))
            {
                yield return charge;
            }
        }

        (run.ToMs, run.IdleMilli) = (toMs, idleMilli);
    }

    private IEnumerable<ReservedIdleCharged> Close(Run run)
    {
        var contract = run.Contract;
        foreach (var span in ReservedIdle.Rate(tariffs, new DeviceUse(contract.Unit, contract.ChipClass, run.AtMs, run.AtMs, run.ToMs, run.IdleMilli), run.Remainder))
        {
            yield return new ReservedIdleCharged(
                contract.Id, contract.Unit, contract.ChipClass, span.FromMs, span.ToMs, run.IdleMilli, span.Tariff.Version, span.AmountNano, span.Remainder,
                $"reserved by contract {contract.Id} and idle; {span.Tariff.Rule}",
                Rating.Book(contract.Unit, $"income/{(contract.Simulated ? "simulated-" : "")}reserved-idle/{contract.ChipClass}", span.AmountNano), contract.Simulated);
            run.Remainder = span.Remainder;
        }

        run.AtMs = run.ToMs;
    }

    private static int Depth(UnitTree units, string name)
    {
        var depth = 0;
        for (var at = units.Find(name); at?.Parent is not null; at = units.Find(at.Parent))
        {
            depth++;
        }

        return depth;
    }

    private sealed class Run(Contract contract, long atMs, long endMs, long remainder)
    {
        public Contract Contract => contract;

        public long EndMs => endMs;

        /// <summary>Charged up to here.</summary>
        public long AtMs { get; set; } = atMs;

        /// <summary>Seen up to here with <see cref="IdleMilli"/> devices idle.</summary>
        public long ToMs { get; set; } = atMs;

        public long IdleMilli { get; set; }

        public long Remainder { get; set; } = remainder;
    }
}
