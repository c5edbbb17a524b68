using System.Globalization;

namespace Amalgam.Simulation.Commands;

/// <summary>A command line that makes no sense; the message says what and what to do instead.</summary>
public sealed class UsageException(string message) : Exception(message)
{
    public UsageException()
        : this("wrong usage")
    {
    }

    public UsageException(string message, Exception inner)
        : this(message) => _ = inner;
}

/// <summary>`--name value` pairs and `--flag`s of one simulation.</summary>
internal sealed class SimulateOptions
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _flags = [];

    /// <param name="valued">Options with a value.</param>
    public static SimulateOptions Parse(string verb, ReadOnlySpan<string> args, string[] valued, string[] flags)
    {
        var options = new SimulateOptions();
        for (var i = 0; i < args.Length; i++)
        {
            if (flags.Contains(args[i]))
            {
                options._flags.Add(args[i]);
            }
            else if (!valued.Contains(args[i]))
            {
                throw new UsageException($"simulate {verb}: '{args[i]}' is not an option; there are {string.Join(", ", valued.Concat(flags))}");
            }
            else if (i + 1 == args.Length)
            {
                throw new UsageException($"simulate {verb}: {args[i]} needs a value");
            }
            else
            {
                options._values[args[i]] = args[++i];
            }
        }
        options.Verb = verb;
        return options;
    }

    private string Verb { get; set; } = "";

    public bool Has(string flag) => _flags.Contains(flag) || _values.ContainsKey(flag);

    public string Text(string name, string? otherwise = null) =>
        _values.TryGetValue(name, out var value) ? value
        : otherwise ?? throw new UsageException($"simulate {Verb}: {name} is missing");

    public double Number(string name, double otherwise)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return otherwise;
        }
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value >= 0
            ? value
            : throw new UsageException($"simulate {Verb}: {name} '{text}' is not a number from 0 up");
    }

    public string OneOf(string name, string otherwise, params string[] choices)
    {
        var value = Text(name, otherwise);
        return choices.Contains(value) ? value : throw new UsageException($"simulate {Verb}: {name} '{value}' is not one of {string.Join(", ", choices)}");
    }

    /// <summary>`42`, `42..51` or `1,2,3`.</summary>
    public long[] Seeds(string otherwise)
    {
        var text = Text("--seeds", otherwise);
        try
        {
            var ends = text.Split("..");
            if (ends.Length == 2)
            {
                var (first, last) = (long.Parse(ends[0], CultureInfo.InvariantCulture), long.Parse(ends[1], CultureInfo.InvariantCulture));
                return last >= first && last - first < 10_000
                    ? [.. Enumerable.Range(0, (int)(last - first) + 1).Select(k => first + k)]
                    : throw new FormatException();
            }
            return [.. text.Split(',').Select(s => long.Parse(s, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UsageException($"simulate {Verb}: --seeds '{text}' is not like 42, 42..51 or 1,2,3", e);
        }
    }
}
