using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Core.Tests.Ledger.Budgets;

/// <summary>A mistake made on purpose, to see that the model finds it.</summary>
internal enum Planted
{
    None,
    AdmitsWithoutLooking,
    SetsNothingAside,
    ChargesTwice,
    ChargesBeyondTheBudget,
    ForgetsHalfOfTheBooking,
    ChargesASliceTwice,
    TellsAnAlertTwice,
    CountsAWholeYearAsAMonth,
}

/// <summary>
/// Random operations on the real decisions and the real state, each checked against the oracle: reservations, settlements, releases, marks, expiry, device
/// time under budgets, prices, moves of units, budgets set and removed, clocks that jump to the last millisecond of a period.
/// </summary>
internal sealed class BudgetModel
{
    private static readonly string[] Units = ["root", "east", "west", "lab", "shop", "farm", "mine"];
    private static readonly string[] Classes = ["h100", "cpu"];

    private readonly Random _random;
    private readonly Planted _planted;
    private readonly CloudState _state = new();
    private readonly BudgetOracle _oracle = new();
    private readonly List<OpenRequest> _open = [];
    private readonly List<OpenRequest> _closed = [];
    private readonly Dictionary<string, (long Input, long Output, long Nano, int Acts)> _asked = [];
    private int _acts;
    private readonly Dictionary<string, Int128> _committed = [];
    private long _nowMs = new DateTimeOffset(2028, 2, 27, 22, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private int _number;
    private JournalEvent? _last;

    public BudgetModel(int seed, Planted planted = Planted.None)
    {
        (_random, _planted) = (new Random(seed), planted);
        Do(new CloudFounded("USD", "test"));
        foreach (var (unit, parent) in Units.Zip((string?[])[null, "root", "root", "east", "east", "west", "west"]))
        {
            Do(new UnitSet(new Unit { Name = unit, Parent = parent }));
        }

        Price();
        foreach (var (unit, number) in Units.Skip(3).Select((unit, number) => (unit, number + 1)))
        {
            Do(new WorkloadSubmitted($"w{number}", new WorkloadSpec { Name = $"w{number}", Unit = unit, Members = number % 2 + 1, Job = new JobSpec { Command = ["work"], GraceMs = 1000 * number } }));
        }

        for (var count = 0; count < 6; count++)
        {
            SetBudget();
        }
    }

    public SortedDictionary<string, long> Counts { get; } = [];

    public void Run(long operations)
    {
        for (var operation = 0L; operation < operations; operation++)
        {
            var ownersAct = Step(operation);
            Check(ownersAct, ownersAct || operation % 64 == 0);
        }

        Check(true, true);
        _oracle.Balanced();
    }

    /// <summary>True when an owner changed what binds: only then may more be committed than a budget allows.</summary>
    private bool Step(long operation)
    {
        switch (_random.Next(10_000))
        {
            case < 3600: Reserve(); return false;
            case < 7000: Settle(); return false;
            case < 7500: Release(); return false;
            case < 8000: Mark(); return false;
            case < 8300: SettleAgain(); return false;
            case < 9600: _nowMs += _random.Next(3) switch { 0 => 0, 1 => _random.Next(50), _ => _random.Next(20_000) }; return false;
            case < 9780: Turn(_random.Next(2) == 0); return false;
            case < 9860: StartLeases(); return false;
            case < 9930: EndLease(); return false;
            case < 9940: Jump(); return false;
            case < 9960: Price(); return false;
            default: OwnersAct(); return true;
        }
    }

    private void Reserve()
    {
        var unit = Units[_random.Next(3, Units.Length)];
        var (input, output) = (_random.Next(2000), _random.Next(4000));
        var nano = TokenPricing.AtMost(_state, unit, "m", _nowMs, input, output);
        var admitted = _state.Budgets.Refusing(unit, new BudgetUse(nano), _nowMs) is null;
        BudgetOracle.Demand(admitted == _oracle.Fits(unit, nano, _nowMs), $"a reservation of {nano} in {unit} was {(admitted ? "admitted" : "refused")}");
        if (!admitted && _planted != Planted.AdmitsWithoutLooking)
        {
            Count("refused");
            return;
        }

        var started = new RequestStarted($"chg_{++_number}", "r", "k1", unit, "m", "w1", "/v1", _nowMs, _planted == Planted.SetsNothingAside ? 0 : nano, _nowMs + RequestRules.LifetimeMs);
        Do(started);
        _asked[started.ChargeId] = (input, output, nano, _acts);
        _open.Add(_state.Budgets.Held.Request(started.ChargeId)!);
        Count("reserved");
    }

    private void Settle()
    {
        if (Take(_open) is not { } request)
        {
            return;
        }

        _closed.Add(request);
        Charge(request);
        if (_planted == Planted.ChargesTwice && _random.Next(100) == 0)
        {
            Charge(request with { ChargeId = request.ChargeId }, again: true);
        }
    }

    private void Charge(OpenRequest request, bool again = false)
    {
        // Mostly within what was asked for; now and then a replica reports more than it may.
        var use = new TokenUse(_random.Next(1500), _random.Next(200), _random.Next(_random.Next(50) == 0 ? 40_000 : 3000), false);
        if (RequestRules.Settle(_state, request, "l1", "h100", use, "Complete", _nowMs) is { } charge)
        {
            var asked = _asked[request.ChargeId];
            var full = TokenPricing.Charge(_state, request, "l1", "h100", use, "Complete", long.MaxValue).AmountNano;
            // An owner who lowered a budget or moved a unit under a tighter one can leave less room than was set aside.
            var within = asked.Acts == _acts && use.InputTokens <= asked.Input && use.OutputTokens <= asked.Output && _state.Budgets.Held.Request(request.ChargeId) is not null;
            BudgetOracle.Demand(charge.AmountNano == full || (!within && charge.AmountNano < full), $"a request that kept to what it had set aside was charged {charge.AmountNano} instead of {full}");
            Do(Sabotaged(charge));
            Count("charged");
        }
        else if (again)
        {
            _oracle.Apply(new JournalRecord(0, _nowMs, Actor.Loop("test"), TokenPricing.Charge(_state, request, "l1", "h100", use, "Complete", long.MaxValue)));
        }
    }

    private TokensCharged Sabotaged(TokensCharged charge) => _planted switch
    {
        Planted.ChargesBeyondTheBudget when _random.Next(20) == 0 => charge with { OutputNano = charge.OutputNano + 40_000_000, Entries = Rating.Book(charge.Unit, "income", charge.AmountNano + 40_000_000) },
        Planted.ForgetsHalfOfTheBooking when _random.Next(1000) == 0 => charge with { Entries = [charge.Entries[0]] },
        _ => charge,
    };

    /// <summary>A settlement that comes again, or so late that its reservation is gone.</summary>
    private void SettleAgain()
    {
        if (_closed.Count > 0)
        {
            var request = _closed[_random.Next(_closed.Count)];
            Charge(request);
            Count("settled again");
        }
    }

    private void Release()
    {
        if (Take(_open) is { } request && _state.Budgets.Held.Request(request.ChargeId) is not null)
        {
            Do(new RequestClosed(request.ChargeId, RequestClosing.Released));
            _closed.Add(request);
            Count("released");
        }
    }

    private void Mark()
    {
        var marks = _open.Where(_ => _random.Next(4) == 0).Select(request => new RequestMark(request.ChargeId, "l1", "h100", 10, 0, _random.Next(500))).ToImmutableArray();
        Do(new RequestsMarked(marks, _nowMs + RequestRules.LifetimeMs));
    }

    private void Turn(bool full)
    {
        var turn = MeteringTurn.Of(_state, _nowMs, full);
        Do([.. turn.Events]);
        Count("metered", turn.Charged);
        Count("ended by a budget", turn.Ended);
        if (_planted == Planted.ChargesASliceTwice && turn.Events.OfType<LeaseCharged>().FirstOrDefault() is { } slice)
        {
            Do(slice);
        }

        if (_planted == Planted.TellsAnAlertTwice && turn.Events.OfType<BudgetAlerted>().FirstOrDefault() is { } alert)
        {
            Do(alert);
        }

        // What the turn itself charged may have reached a share: the loop is called again at once.
        Do([.. MeteringTurn.Alerts(_state)]);
        foreach (var counter in _state.Budgets.All)
        {
            BudgetOracle.Demand(!counter.DueAlerts().Any(), $"{counter.Budget.Id} has an alert that no turn tells");
        }
    }

    private void StartLeases()
    {
        var starts = new List<JournalEvent>();
        var lease = _state.NextLease;
        foreach (var workload in _state.OpenWorkloads.Where(workload => _random.Next(2) == 0 && !_state.OpenLeasesOf(workload.Id).Any()))
        {
            var chip = Classes[_random.Next(Classes.Length)];
            for (var member = 0; member < workload.Spec.Members; member++)
            {
                starts.Add(new LeaseStarted(new Lease
                {
                    Id = $"l{lease++}", WorkloadId = workload.Id, Unit = workload.Spec.Unit, Member = member, Node = "n", ChipClass = chip, Devices = [0, 1], FromMs = _nowMs, ChargedToMs = _nowMs,
                }));
            }
        }

        var kept = LeaseFunds.OfStarts(_state, starts, _nowMs);
        Count("leases started", kept.OfType<LeaseStarted>().Count());
        Count("lease starts refused", starts.Count - kept.OfType<LeaseStarted>().Count());
        Do([.. kept]);
    }

    private void EndLease()
    {
        if (_state.OpenLeases.OrderBy(_ => _random.Next()).FirstOrDefault() is { } lease)
        {
            Do([.. LeaseMetering.Slices(_state, lease, _nowMs, _nowMs).Select(slice => new LeaseCharged(slice)), new LeaseEnded(lease.Id, _nowMs, LeaseEnd.Finished, 0, null)]);
        }
    }

    /// <summary>To the last millisecond of a period, or the first of the next; or a long sleep of the whole cloud.</summary>
    private void Jump()
    {
        var (_, to) = BudgetCalendar.Of((BudgetPeriod)_random.Next(0, 3), _nowMs);
        _nowMs = _random.Next(8) == 0 ? _nowMs + _random.Next(40_000_000) : to - _random.Next(0, 2);
        Count("jumps");
    }

    private void Price() => Do(
        new PriceSet(new Price { Version = _state.Prices.LastVersion + 1, Kind = PriceKind.DeviceHour, Subject = Classes[_random.Next(2)], FromMs = _nowMs + (_random.Next(2) * 30_000), DeviceHourNano = _random.NextInt64(9_000_000_000) }),
        new PriceSet(new Price { Version = _state.Prices.LastVersion + 2, Kind = PriceKind.Tokens, Subject = "m", FromMs = _nowMs + 1, InputNano = _random.NextInt64(9_000_000_000), CachedInputNano = _random.NextInt64(9_000_000_000), OutputNano = _random.NextInt64(40_000_000_000) }));

    private void OwnersAct()
    {
        switch (_random.Next(4))
        {
            case 0 when _oracle.Budgets.Count > 3:
                Do(new BudgetRemoved(_oracle.Budgets.Keys.ElementAt(_random.Next(_oracle.Budgets.Count))));
                break;
            case 1:
                // As a move does: what was used up to it is charged at the old place.
                Turn(true);
                Do(new UnitSet(_state.Units.Find(Units[_random.Next(3, Units.Length)])! with { Parent = Units[_random.Next(3)] }));
                break;
            default:
                SetBudget();
                break;
        }

        // What the loop does at once when what binds has changed.
        Turn(false);
        _acts++;
        Count("owner's acts");
    }

    private void SetBudget()
    {
        var measure = _random.Next(3) == 0 ? BudgetMeasure.DeviceHours : BudgetMeasure.Money;
        var budget = new Budget
        {
            Id = "", Unit = Units[_random.Next(Units.Length)], Measure = measure, ChipClass = measure == BudgetMeasure.DeviceHours && _random.Next(2) == 0 ? "h100" : null,
            Period = (BudgetPeriod)_random.Next(6), Hard = _random.Next(4) > 0, Amount = measure == BudgetMeasure.Money ? _random.NextInt64(60_000_000_000) : _random.NextInt64(40_000_000_000),
        };
        var known = _oracle.Budgets.Values.FirstOrDefault(other => other.Subject == budget.Subject)?.Id;
        if (_oracle.Budgets.Count < 8 || known is not null)
        {
            var set = budget with { Id = known ?? $"b{_state.Budgets.NextNumber}" };
            Do(new BudgetSet(set));
            if (_planted == Planted.CountsAWholeYearAsAMonth && set.Period == BudgetPeriod.Month)
            {
                _state.Budgets.Apply(new JournalRecord(0, _nowMs, Actor.Loop("test"), new BudgetSet(set with { Period = BudgetPeriod.Year })));
                _state.Budgets.Apply(new JournalRecord(0, _nowMs, Actor.Loop("test"), new BudgetRemoved(set.Id)));
                _state.Budgets.Apply(new JournalRecord(0, _nowMs, Actor.Loop("test"), new BudgetSet(set with { Period = BudgetPeriod.Year })));
            }
        }
    }

    /// <summary>P4 after every operation: nothing but an owner's act commits more than a hard budget allows. The rest against the oracle now and then.</summary>
    private void Check(bool ownersAct, bool all)
    {
        foreach (var counter in _state.Budgets.All)
        {
            var budget = counter.Budget;
            var committed = counter.SpentAt(_nowMs) + counter.Reserved;
            var before = _committed.GetValueOrDefault(budget.Id);
            _committed[budget.Id] = committed;
            BudgetOracle.Demand(ownersAct || !budget.Hard || committed <= budget.Amount || committed <= before, $"{budget.Id} of {budget.Unit} allows {budget.Amount} and {committed} is spent or set aside, {before} before");
            if (all)
            {
                BudgetOracle.Demand(counter.SpentAt(_nowMs) == _oracle.Spent(_oracle.Budgets[budget.Id], _nowMs), $"{budget} has {counter.SpentAt(_nowMs)} spent since {counter.FromMs} at {_nowMs}, last {_last}, and {_oracle.Spent(budget, _nowMs)} was charged");
                BudgetOracle.Demand(counter.Reserved == _oracle.Reserved(budget), $"{budget.Id} has {counter.Reserved} set aside, and {_oracle.Reserved(budget)} is open");
            }
        }
    }

    private void Do(params JournalEvent[] events)
    {
        _last = events.LastOrDefault() ?? _last;
        foreach (var fact in events)
        {
            var record = new JournalRecord(_state.LastSequence + 1, _nowMs, Actor.Loop("test"), fact);
            _state.Apply(record);
            _oracle.Apply(record);
        }
    }

    private T? Take<T>(List<T> list) where T : class
    {
        if (list.Count == 0)
        {
            return null;
        }

        var at = _random.Next(list.Count);
        var item = list[at];
        list[at] = list[^1];
        list.RemoveAt(list.Count - 1);
        return item;
    }

    private void Count(string what, long by = 1) => Counts[what] = Counts.GetValueOrDefault(what) + by;
}
