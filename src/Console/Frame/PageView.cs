using Microsoft.AspNetCore.Components;

namespace Amalgam.Pages.Frame;

/// <summary>What every view can do: speak the language of whoever looks.</summary>
public abstract class PageView : ComponentBase
{
    [CascadingParameter]
    public Look Look { get; set; } = null!;

    protected string T(string text) => Look.T(text);

    protected string T(string text, params object?[] values) => Look.T(text, values);

    /// <summary>For attributes of SVG.</summary>
    protected static string At(double value) => value.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);
}
