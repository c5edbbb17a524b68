using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace Amalgam.Pages.Words;

/// <summary>The texts of the pages in one language. A text is named by what it says in English; `Words/*.json` hold what it says elsewhere.</summary>
public sealed class WordList
{
    private static readonly WordList English = new("en", FrozenDictionary<string, string>.Empty, CultureInfo.InvariantCulture.NumberFormat);
    private static readonly WordList German = new("de", Load("de"), new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = "." });
    private readonly FrozenDictionary<string, string> _texts;

    private WordList(string language, FrozenDictionary<string, string> texts, NumberFormatInfo numbers) => (Language, _texts, Numbers) = (language, texts, numbers);

    public string Language { get; }

    public NumberFormatInfo Numbers { get; }

    /// <summary>Times are written as ISO 8601 does in every language.</summary>
    public DateTimeFormatInfo Dates { get; } = CultureInfo.InvariantCulture.DateTimeFormat;

    /// <summary>English where the language is not known.</summary>
    public static WordList Of(string? language) => language is not null && language.StartsWith("de", StringComparison.OrdinalIgnoreCase) ? German : English;

    public string this[string text] => _texts.GetValueOrDefault(text, text);

    private static FrozenDictionary<string, string> Load(string language)
    {
        using var file = typeof(WordList).Assembly.GetManifestResourceStream($"words/{language}.json")!;
        using var json = JsonDocument.Parse(file);
        return json.RootElement.EnumerateObject().ToFrozenDictionary(text => text.Name, text => text.Value.GetString()!, StringComparer.Ordinal);
    }
}
