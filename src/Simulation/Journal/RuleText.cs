using System.Globalization;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Commands;

namespace Amalgam.Simulation.Journal;

/// <summary>One change of the rules as a person wrote it.</summary>
/// <param name="From">Where: `--set`, `--lose`, or file and line.</param>
/// <param name="Path">`unit.lab.guarantee.h100`, `leaseTerm`, `lose.h100`.</param>
internal readonly record struct RuleSetting(string From, string Path, string Value)
{
    public override string ToString() => $"{Path}={Value}";
}

/// <summary>Turns settings into rules; whatever is wrong is said in one line that names the setting and what is allowed.</summary>
internal sealed class RuleText(IReadOnlyCollection<string> units, IReadOnlyCollection<string> classes)
{
    private const string Allowed =
        "there are unit.NAME.weight, unit.NAME.guarantee.CLASS, unit.NAME.limit.CLASS, unit.NAME.minRuntime, unit.NAME.maxWait, leaseTerm, moves and lose.CLASS";

    public Rules Parse(IEnumerable<RuleSetting> settings) => settings.Aggregate(Rules.AsRecorded, Add);

    private Rules Add(Rules rules, RuleSetting setting)
    {
        var parts = setting.Path.Split('.');
        return parts switch
        {
            ["unit" or "units", _, ..] => rules with { UnitChanges = rules.UnitChanges.Add(Unit(setting, setting.Path[(parts[0].Length + 1)..])) },
            ["leaseTerm"] => rules with { Settings = rules.Settings with { LeaseTermMs = Time(setting) } },
            ["moves"] => rules with { Settings = rules.Settings with { Moves = Flag(setting) } },
            ["lose", _, ..] => rules with { Losses = rules.Losses.Add(Lose(setting, setting.Path["lose.".Length..])) },
            _ => throw Wrong(setting, $"there is no such setting; {Allowed}"),
        };
    }

    /// <summary>Unit and class names may hold points, so the name is the longest unit that the path begins with.</summary>
    private (string, Func<UnitState, UnitState>) Unit(RuleSetting setting, string path)
    {
        var name = units.Where(unit => path.StartsWith(unit + ".", StringComparison.Ordinal)).MaxBy(unit => unit.Length)
            ?? throw Wrong(setting, $"the journal knows no unit '{path.Split('.')[0]}'; it has {List(units)}");
        var field = path[(name.Length + 1)..];
        var (kind, chip) = field.IndexOf('.', StringComparison.Ordinal) is > 0 and var at ? (field[..at], field[(at + 1)..]) : (field, null);
        return (name, (kind, chip) switch
        {
            ("weight", null) => With(Number(setting, 1_000_000), (unit, weight) => unit with { Weight = (double)weight }),
            ("minRuntime", null) => With(Time(setting), (unit, time) => unit with { MinRuntimeMs = time }),
            ("maxWait", null) => With(Time(setting), (unit, time) => unit with { MaxWaitMs = time }),
            ("guarantee", { } of) => With(Amount(setting, of), (unit, milli) => unit with { Guarantee = Amended(unit.Guarantee, of, milli ?? 0) }),
            ("limit", { } of) => With(Amount(setting, of), (unit, milli) => unit with { Limit = Amended(unit.Limit, of, milli) }),
            _ => throw Wrong(setting, $"a unit has no setting '{field}'; {Allowed}"),
        });
    }

    private static Func<UnitState, UnitState> With<T>(T value, Func<UnitState, T, UnitState> change) => unit => change(unit, value);

    private static ChipAmounts Amended(ChipAmounts amounts, string chip, long? milli) => ChipAmounts.From(
        amounts.Entries.Where(entry => entry.Key != chip).Concat(milli is { } given ? [new KeyValuePair<string, long>(chip, given)] : []));

    private Loss Lose(RuleSetting setting, string chip)
    {
        Known(setting, chip);
        if (setting.Value.EndsWith('%'))
        {
            return decimal.TryParse(setting.Value[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent <= 100
                ? new Loss(chip, null, percent)
                : throw Wrong(setting, "give a share such as 30%, at most 100%");
        }

        return int.TryParse(setting.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var devices)
            ? new Loss(chip, devices, 0)
            : throw Wrong(setting, "give a share such as 30% or a number of devices");
    }

    /// <summary>Milli-devices; null = none, for a limit that is taken away.</summary>
    private long? Amount(RuleSetting setting, string chip)
    {
        Known(setting, chip);
        return setting.Value == "none" ? null : (long)(Number(setting, 10_000_000) * 1000);
    }

    private void Known(RuleSetting setting, string chip)
    {
        if (!classes.Contains(chip))
        {
            throw Wrong(setting, $"the journal knows no chip class '{chip}'; it has {List(classes)}");
        }
    }

    private static decimal Number(RuleSetting setting, decimal most) =>
        decimal.TryParse(setting.Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= most && decimal.Truncate(number * 1000) == number * 1000
            ? number
            : throw Wrong(setting, $"'{setting.Value}' is not a number from 0 to {most} with at most three decimals");

    /// <summary>`90`, `90s`, `15m`, `2h`, `3d`.</summary>
    private static long Time(RuleSetting setting)
    {
        var text = setting.Value;
        var scale = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => char.IsAsciiDigit(text[^1]) ? 1 : 0 };
        var digits = scale > 0 && !char.IsAsciiDigit(text[^1]) ? text[..^1] : text;
        return scale > 0 && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * scale <= 36_500m * 86_400
            ? (long)(number * scale * 1000)
            : throw Wrong(setting, $"'{text}' is not a time such as 90s, 15m, 2h or 3d");
    }

    private static bool Flag(RuleSetting setting) => setting.Value switch
    {
        "true" or "on" or "yes" => true,
        "false" or "off" or "no" => false,
        _ => throw Wrong(setting, $"'{setting.Value}' is neither true nor false"),
    };

    private static string List(IReadOnlyCollection<string> names) => names.Count == 0 ? "none" : string.Join(", ", names.Take(12)) + (names.Count > 12 ? ", …" : "");

    private static UsageException Wrong(RuleSetting setting, string what)
    {
        var path = setting.From == "--lose" ? setting.Path["lose.".Length..] : setting.Path;
        return new($"simulate --journal: {setting.From} {path}: {what}");
    }
}
