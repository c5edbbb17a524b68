using System.Collections.Immutable;
using System.Globalization;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`budget set`, `budget remove`: by owners of a unit above; the root's by its own owners.</summary>
public static class SetBudget
{
    private const int MostAlerts = 10;

    public static Decision<string> Decide(CloudState state, Caller caller, BudgetRequest request, long nowMs, IReadOnlyCollection<string> knownClasses)
    {
        if (Steers(state, caller, request.Unit) is { } refusal)
        {
            return refusal;
        }

        var budget = Parse(request, knownClasses);
        if (budget.Refusal is { } bad)
        {
            return bad;
        }

        var known = state.Budgets.All.FirstOrDefault(counter => counter.Budget.Subject == budget.Value!.Subject)?.Budget.Id;
        var set = budget.Value! with { Id = known ?? $"b{state.Budgets.NextNumber}" };
        // What ran until now was used before the budget held: it is charged first, so that from here on nothing passes it.
        var (draft, rater) = (new BudgetDraft(state.Budgets, nowMs), state.Rater());
        return State.Decide.Yes(set.Id, [
            .. state.OpenLeases.Where(lease => set.Hard && state.Units.IsWithin(lease.Unit, set.Unit))
                .SelectMany(lease => LeaseMetering.Slices(state, lease, nowMs, draft, rater)).Select(slice => new LeaseCharged(slice)),
            new BudgetSet(set),
        ]);
    }

    public static Decision<string> Remove(CloudState state, Caller caller, string id)
    {
        if (state.Budgets.Find(id)?.Budget is not { } budget || !Sees(state, caller, budget.Unit))
        {
            return new Refusal(RefusalCodes.NotFound, $"there is no budget '{Names.Clip(id)}' here: `amalgam budget list` shows those that your key sees");
        }

        return Steers(state, caller, budget.Unit) is { } refusal ? refusal : State.Decide.Yes(id, new BudgetRemoved(id));
    }

    /// <summary>A unit sees its own budgets, those below, and those above that bind it.</summary>
    private static bool Sees(CloudState state, Caller caller, string unit) => state.Units.IsWithin(unit, caller.Unit) || state.Units.IsWithin(caller.Unit, unit);

    private static Refusal? Steers(CloudState state, Caller caller, string unit)
    {
        if (Sees(state, caller, unit) && (unit != caller.Unit || state.Units.Find(unit)!.Parent is not null) && !(state.Units.IsWithin(unit, caller.Unit) && unit != caller.Unit))
        {
            return new Refusal(RefusalCodes.Forbidden, $"what {unit} may spend is decided above it: ask an owner of a unit above {unit}");
        }

        return Permission.Check(state, caller, Role.Owner, unit);
    }

    private static Outcome<Budget> Parse(BudgetRequest request, IReadOnlyCollection<string> knownClasses)
    {
        if (!Enum.TryParse<BudgetPeriod>(request.Per, ignoreCase: true, out var period) || !Enum.IsDefined(period) || request.Per.Any(char.IsDigit))
        {
            return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(request.Per)}' is no period: day, week, month, quarter, year or none");
        }

        var measure = request.DeviceHours is null ? BudgetMeasure.Money : BudgetMeasure.DeviceHours;
        if (request.DeviceHours is { } chip && chip != "all" && !knownClasses.Contains(chip, StringComparer.Ordinal))
        {
            return new Refusal(RefusalCodes.Invalid, $"neither this cloud nor the catalogue has a chip class '{Names.Clip(chip)}' (`amalgam chips`); `all` counts every class");
        }

        var amount = measure == BudgetMeasure.Money ? Nano.Parse(request.Amount) : Hours(request.Amount);
        if (amount is not >= 0)
        {
            var what = measure == BudgetMeasure.Money ? "" : " device-hours";
            return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(request.Amount)}' is no amount: 0 or more, digits with at most nine decimals and a point, for instance 250 or 0.50{what}");
        }

        var alerts = (request.AlertPercents ?? [50, 80, 100]).Distinct().Order().ToImmutableArray();
        if (alerts.Length > MostAlerts || alerts.Any(percent => percent is < 1 or > 1000))
        {
            return new Refusal(RefusalCodes.Invalid, $"alerts are at most {MostAlerts} shares between 1 and 1000 percent of the amount");
        }

        return new Budget
        {
            Id = "", Unit = request.Unit, Measure = measure, ChipClass = request.DeviceHours is "all" ? null : request.DeviceHours, Period = period, Amount = amount.Value, Hard = request.Hard, AlertPercents = alerts,
        };
    }

    /// <summary>Milli-device-milliseconds from device-hours; exact to the last of nine decimals, rounded down below that.</summary>
    private static long? Hours(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var hours) && hours is >= 0 and <= 1_000_000_000m ? (long)(hours * BudgetText.MilliDeviceMsPerHour) : null;
}
