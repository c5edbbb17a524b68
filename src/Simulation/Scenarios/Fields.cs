using System.Globalization;
using System.Text.Json;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>Takes the fields of one JSON object one by one; what is left over or of the wrong kind is refused by name.</summary>
internal sealed class Fields
{
    private readonly string _file;
    private readonly string _path;
    private readonly LinedJson _value;
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public Fields(string file, string path, LinedJson value)
    {
        (_file, _path, _value) = (file, path, value);
        if (value.Kind != JsonTokenType.StartObject)
        {
            throw new ScenarioException(file, value.Line, path, "an object is needed here: { ... }");
        }
    }

    public int Line => _value.Line;

    public IEnumerable<string> Names => _value.Fields.Select(pair => pair.Name);

    public ScenarioException Fault(string field, string message) => new(_file, Find(field)?.Line ?? _value.Line, PathOf(field), message);

    public bool Has(string field) => Find(field) is not null;

    /// <summary>Call last: every field that nobody asked for is one that does not exist.</summary>
    public void NothingElse()
    {
        foreach (var (name, value) in _value.Fields)
        {
            if (!_taken.Contains(name))
            {
                throw new ScenarioException(_file, value.Line, PathOf(name), "there is no such field; remove it or correct its name");
            }
        }
    }

    public string Text(string field) => OptionalText(field) ?? throw Fault(field, "the field is missing");

    public string? OptionalText(string field)
    {
        var value = Take(field);
        return value is null ? null
            : value.Kind == JsonTokenType.String && value.Text.Length > 0 ? value.Text
            : throw Fault(field, "a text is needed here: \"...\"");
    }

    public decimal? Number(string field, decimal least, decimal most)
    {
        var value = Take(field);
        if (value is null)
        {
            return null;
        }

        if (value.Kind != JsonTokenType.Number ||
            !decimal.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            throw Fault(field, "a number is needed here");
        }

        return number >= least && number <= most ? number : throw Fault(field, $"{value.Text} does not lie between {least} and {most}");
    }

    public int? Whole(string field, int least, int most)
    {
        var number = Number(field, least, most);
        return number is null ? null
            : number == decimal.Truncate(number.Value) ? (int)number.Value
            : throw Fault(field, "a whole number is needed here");
    }

    /// <summary>Seconds in the file, milliseconds here.</summary>
    public long? Time(string field, long leastSeconds = 0) =>
        Number(field, leastSeconds, 10_000_000_000m) is { } seconds ? (long)Math.Round(seconds * 1000) : null;

    public bool? Truth(string field)
    {
        var value = Take(field);
        return value?.Kind switch
        {
            null => null,
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => throw Fault(field, "true or false is needed here"),
        };
    }

    /// <summary>Devices in the file, milli-devices here.</summary>
    public ChipAmounts? Amounts(string field)
    {
        if (Take(field) is not { } value)
        {
            return null;
        }

        var inner = new Fields(_file, PathOf(field), value);
        return ChipAmounts.From(inner.Names.ToList().Select(chip => new KeyValuePair<string, long>(chip, inner.Milli(chip, 0))));
    }

    /// <summary>Devices to the thousandth.</summary>
    public long Milli(string field, decimal least)
    {
        var devices = Number(field, least, 10_000_000m) ?? throw Fault(field, "the field is missing");
        var milli = devices * 1000;
        return milli == decimal.Truncate(milli) ? (long)milli : throw Fault(field, "devices are counted to the thousandth");
    }

    public Fields? Object(string field) => Take(field) is { } value ? new Fields(_file, PathOf(field), value) : null;

    public IReadOnlyList<Fields> Objects(string field)
    {
        var items = Items(field);
        return [.. items.Select((item, at) => new Fields(_file, $"{PathOf(field)}[{at}]", item))];
    }

    public IReadOnlyList<string> Texts(string field) => [.. Items(field).Select(item =>
        item.Kind == JsonTokenType.String ? item.Text : throw Fault(field, "a list of texts is needed here"))];

    private List<LinedJson> Items(string field)
    {
        var value = Take(field);
        return value is null ? []
            : value.Kind == JsonTokenType.StartArray ? value.Items
            : throw Fault(field, "a list is needed here: [ ... ]");
    }

    private string PathOf(string field) => _path.Length == 0 ? field : $"{_path}.{field}";

    private LinedJson? Take(string field)
    {
        _taken.Add(field);
        return Find(field);
    }

    private LinedJson? Find(string field)
    {
        foreach (var (name, value) in _value.Fields)
        {
            if (string.Equals(name, field, StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }
}
