namespace Amalgam.Catalogue.Entries;

/// <summary>How a process is told which of the machine's devices it may use.</summary>
/// <param name="Variables">Environment variables to set, all to the same value; empty when the stack has none.</param>
/// <param name="Format">What a device is called in the value: <c>index</c>, <c>uuid</c> or <c>pci</c>.</param>
/// <param name="UnitsPerDevice">For stacks that count cores instead of devices: cores of one device. Device 1 of 4 cores is then <c>4-7</c>.</param>
public sealed record DeviceSelection(IReadOnlyList<string> Variables, string Format, int UnitsPerDevice = 1)
{
    public static readonly DeviceSelection None = new([], "index");

    /// <summary>The formats that a catalogue file may name.</summary>
    public static readonly IReadOnlyList<string> Formats = ["index", "uuid", "pci"];

    /// <summary>
    /// The environment that selects exactly these devices. A device that lacks the wanted name (an old driver that reports
    /// no uuid) falls back to its index for the whole list, since stacks refuse lists that mix both.
    /// </summary>
    public IReadOnlyDictionary<string, string> EnvironmentFor(IReadOnlyList<DeviceName> devices)
    {
        var names = devices.Select(device => Format switch
        {
            "uuid" => device.Uuid,
            "pci" => device.PciAddress,
            _ => null,
        }).ToList();
        var value = string.Join(',', names.Contains(null) ? devices.Select(device => Units(device.Index)) : names!);
        return Variables.ToDictionary(variable => variable, _ => value);
    }

    private string Units(int index) =>
        UnitsPerDevice == 1 ? index.ToString() : $"{index * UnitsPerDevice}-{((index + 1) * UnitsPerDevice) - 1}";
}

/// <summary>The names one device goes by.</summary>
public sealed record DeviceName(int Index, string? Uuid, string? PciAddress);
