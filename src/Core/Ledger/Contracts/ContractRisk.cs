using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>
/// Which promises cannot be kept with less supply, from when, what is owed for them, and what work on other classes would save them. A pure function of the state.
/// Who is short is what the allocator's targets say: firm devices pro rata where they collide.
/// </summary>
public sealed class ContractRisk
{
    private readonly CloudState _state;
    private readonly RiskQuestion _question;
    private readonly Func<string, ImmutableArray<ClassSpeed>> _speeds;
    private readonly long _toMs;
    private readonly SortedDictionary<string, SupplyCurve> _supply = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _given = new(StringComparer.Ordinal);

    private ContractRisk(CloudState state, RiskQuestion question, Func<string, ImmutableArray<ClassSpeed>> speeds)
    {
        (_state, _question, _speeds) = (state, question, speeds);
        _toMs = DateTimeOffset.FromUnixTimeMilliseconds(question.NowMs).AddMonths(question.Months).ToUnixTimeMilliseconds();
        foreach (var chipClass in Supply.Classes(state).Concat(state.Contracts.All.Select(contract => contract.ChipClass)).Distinct(StringComparer.Ordinal))
        {
            _supply[chipClass] = new(state, chipClass, question, _toMs);
        }
    }

    /// <param name="speeds">Speeds of all classes relative to one (= 1 000 000); classes about which nothing is known are left out.</param>
    public static RiskReport Of(CloudState state, RiskQuestion question, Func<string, ImmutableArray<ClassSpeed>> speeds)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(question);
        return new ContractRisk(state, question, speeds).Report();
    }

    private RiskReport Report()
    {
        var classes = ImmutableArray.CreateBuilder<ClassRisk>();
        var broken = new List<(Contract Contract, List<ShortSpan> Spans)>();
        foreach (var (chipClass, supply) in _supply)
        {
            var spans = Spans(chipClass).ToList();
            var shorts = spans.SelectMany(span => FirmShortfall.Of(_state, chipClass, span.FromMs, supply.At(span.FromMs))
                .Select(item => new ShortSpan(item.Contract, span.FromMs, span.ToMs, item.ShortMilli))).ToList();
            classes.Add(new ClassRisk(
                chipClass, supply.NowMilli, supply.AfterLossMilli, supply.At(_toMs), spans.Select(span => Promises.FirmMilli(_state, chipClass, span.FromMs)).DefaultIfEmpty(0).Max(),
                shorts.Count == 0 ? null : shorts.Min(item => item.FromMs)));
            broken.AddRange(shorts.GroupBy(item => item.Contract.Id).Select(group => (group.First().Contract, group.ToList())));
        }

        var inOrder = broken.OrderBy(item => item.Spans[0].FromMs).ThenBy(item => item.Contract.FromMs).ThenBy(item => item.Contract.Id, StringComparer.Ordinal);
        return new(classes.ToImmutable(), [.. inOrder.Select(item => Broken(item.Contract, item.Spans))]);
    }

    /// <summary>Between two of these instants neither supply nor promises change.</summary>
    private IEnumerable<(long FromMs, long ToMs)> Spans(string chipClass)
    {
        var times = _supply[chipClass].Times.Concat(_state.Contracts.All.Where(contract => contract.ChipClass == chipClass).SelectMany(contract => (long[])[contract.FromMs, contract.EndMs]))
            .Where(at => at >= _question.NowMs && at < _toMs).Append(_toMs).Distinct().Order().ToList();
        return times.Zip(times.Skip(1));
    }

    private BrokenPromise Broken(Contract contract, List<ShortSpan> spans)
    {
        var worst = spans.Max(span => span.ShortMilli);
        var (moves, uncovered) = Moves(contract, worst, spans[0].FromMs);
        return new(contract, spans[0].FromMs, worst, contract.ServiceLevel is { } level ? Credit(contract, level, spans) : 0, moves, uncovered);
    }

    private long Credit(Contract contract, ServiceLevel level, List<ShortSpan> spans)
    {
        long credit = 0;
        for (var month = CalendarMonth.Of(spans[0].FromMs); month.FromMs < _toMs; month = new(month.Number + 1))
        {
            var (from, to) = (Math.Max(Math.Max(month.FromMs, _question.NowMs), contract.FromMs), Math.Min(Math.Min(month.ToMs, _toMs), contract.EndMs));
            if (from < to)
            {
                var asked = checked(contract.MilliDevices * (to - from));
                var missing = spans.Sum(span => checked(span.ShortMilli * Math.Max(0, Math.Min(span.ToMs, to) - Math.Max(span.FromMs, from))));
                credit = checked(credit + ServiceCredit.Nano(level, asked, asked - missing, ContractPrice.DeviceHourNano(contract, _state, from)));
            }
        }

        return credit;
    }

    /// <summary>The cheapest work first, on devices that nobody is promised while the contract runs and that no earlier move has taken.</summary>
    private (ImmutableArray<SavingMove> Moves, long Uncovered) Moves(Contract contract, long milli, long fromMs)
    {
        var price = ContractPrice.DeviceHourNano(contract, _state, fromMs);
        var moves = ImmutableArray.CreateBuilder<SavingMove>();
        var open = _speeds(contract.ChipClass).Where(speed => speed.ChipClass != contract.ChipClass && speed.Millionths > 0 && _supply.ContainsKey(speed.ChipClass))
            .Select(speed => (speed.ChipClass, speed.Millionths, Price: _state.Tariffs.Device(contract.Unit, speed.ChipClass, fromMs).Rates.DeviceHour))
            .OrderBy(item => (Int128)item.Price * 1_000_000 / item.Millionths).ThenBy(item => item.ChipClass, StringComparer.Ordinal);
        foreach (var other in open)
        {
            var free = Math.Max(0, Free(other.ChipClass, fromMs, Math.Min(contract.EndMs, _toMs)) - _given.GetValueOrDefault(other.ChipClass)) / 1000 * 1000;
            var covers = Math.Min(milli, (long)((Int128)free * other.Millionths / 1_000_000));
            if (covers > 0)
            {
                var needed = Math.Min(free, (long)((((Int128)covers * 1_000_000) + other.Millionths - 1) / other.Millionths + 999) / 1000 * 1000);
                _given[other.ChipClass] = _given.GetValueOrDefault(other.ChipClass) + needed;
                moves.Add(new(other.ChipClass, covers, needed, other.Millionths, (long)((Int128)price * covers / 1000), (long)((Int128)other.Price * needed / 1000)));
                milli -= covers;
            }
        }

        return (moves.ToImmutable(), milli);
    }

    /// <summary>The least that is promised to nobody, guarantees of units included, from one instant to another.</summary>
    private long Free(string chipClass, long fromMs, long toMs) => Spans(chipClass).Where(span => span.ToMs > fromMs && span.FromMs < toMs)
        .Select(span => _supply[chipClass].At(span.FromMs) - Promises.AllMilli(_state, chipClass, span.FromMs)).DefaultIfEmpty(0).Min();

    private sealed record ShortSpan(Contract Contract, long FromMs, long ToMs, long ShortMilli);
}
