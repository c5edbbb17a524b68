using Amalgam.Simulation.Commands;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Amalgam.Simulation.Journal;

/// <summary>
/// Changed rules in a file, YAML or JSON (which is YAML too), with the same names as on the command line:
/// <code>
/// leaseTerm: 10m
/// moves: false
/// lose: { h100: 30% }
/// units:
///   lab: { weight: 3, guarantee: { h100: 16 }, limit: { a100: none }, minRuntime: 1h, maxWait: 30m }
/// </code>
/// </summary>
internal static class PolicyFile
{
    public static List<RuleSetting> Read(string path)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(File.ReadAllText(path)));
        }
        catch (YamlException wrong)
        {
            throw new UsageException($"simulate --journal: --policy {path}, line {wrong.Start.Line}: {wrong.Message.ReplaceLineEndings(" ")}", wrong);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"simulate --journal: --policy {path} cannot be read: {wrong.Message}", wrong);
        }

        var settings = new List<RuleSetting>();
        foreach (var document in yaml.Documents)
        {
            Flatten(path, "", document.RootNode, settings);
        }

        return settings;
    }

    private static void Flatten(string file, string prefix, YamlNode node, List<RuleSetting> settings)
    {
        var from = $"--policy {file}, line {node.Start.Line}:";
        switch (node)
        {
            case YamlMappingNode map:
                foreach (var (key, value) in map.Children)
                {
                    Flatten(file, prefix.Length == 0 ? $"{key}" : $"{prefix}.{key}", value, settings);
                }

                break;
            case YamlScalarNode { Value: { } value } when prefix.Length > 0:
                settings.Add(new RuleSetting(from, prefix, value));
                break;
            default:
                throw new UsageException($"simulate --journal: {from} a policy is names with values, such as `leaseTerm: 10m` or `units: {{ lab: {{ weight: 3 }} }}`");
        }
    }
}
