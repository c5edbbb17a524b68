using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>What all verbs share: where the cloud is, how to print, how failures end.</summary>
internal static class Verbs
{
    public static Option<string?> Server { get; } = new("--server") { Description = "address of the cloud (else AMALGAM_URL, else what `up` left)", Recursive = true };

    public static Option<string?> Key { get; } = new("--key") { Description = "key (else AMALGAM_KEY, else what `up` left)", Recursive = true };

    public static Option<bool> Json() => new("--json") { Description = "one JSON document instead of a table" };

    public static Option<string?> Text(string name, string description) => new(name) { Description = description };

    public static Option<int?> Number(string name, string description) => new(name) { Description = description };

    /// <summary>A verb that talks to the cloud.</summary>
    public static Command Remote(string name, string description, Func<ParseResult, ApiClient, CancellationToken, Task<int>> act, params Symbol[] parts) =>
        Local(name, description, async (parsed, cancel) =>
        {
            using var client = ApiClient.Connect(parsed.GetValue(Server), parsed.GetValue(Key));
            return await act(parsed, client, cancel);
        }, parts);

    /// <summary>A verb that needs no cloud.</summary>
    public static Command Local(string name, string description, Func<ParseResult, CancellationToken, Task<int>> act, params Symbol[] parts)
    {
        var command = Group(name, description, parts);
        command.SetAction(act);
        return command;
    }

    public static Command Group(string name, string description, params Symbol[] parts)
    {
        var command = new Command(name, description);
        foreach (var part in parts)
        {
            switch (part)
            {
                case Option option: command.Options.Add(option); break;
                case Argument argument: command.Arguments.Add(argument); break;
                case Command child: command.Subcommands.Add(child); break;
            }
        }

        return command;
    }

    public static void Print<T>(T value, JsonTypeInfo<T> type) => Console.Out.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>`90`, `90s`, `15m`, `2h`, `3d` to seconds.</summary>
    public static double? Seconds(string option, string? text)
    {
        if (text is null)
        {
            return null;
        }

        var scale = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => char.IsAsciiDigit(text[^1]) ? 1 : 0 };
        var digits = scale > 0 && !char.IsAsciiDigit(text[^1]) ? text[..^1] : text;
        return scale > 0 && double.TryParse(digits, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number * scale
            : throw new CommandException($"{option} wants a time such as 90s, 15m, 2h or 3d, not '{text}'", 2);
    }

    /// <summary>`any` or `A,B`.</summary>
    public static IReadOnlyList<string>? Chips(string? text) => text is null or "any" ? null : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public static string Escape(string segment) => Uri.EscapeDataString(segment);

    public static string Ago(DateTimeOffset at)
    {
        var span = DateTimeOffset.UtcNow - at;
        return span.TotalSeconds < 100 ? $"{Math.Max(0, span.TotalSeconds):0}s" : span.TotalMinutes < 100 ? $"{span.TotalMinutes:0}m" : span.TotalHours < 48 ? $"{span.TotalHours:0}h" : $"{span.TotalDays:0}d";
    }
}
