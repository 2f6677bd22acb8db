{{/* What the templates of the controller share. */}}
{{- define "policy-adapter.controller.fullname" -}}
{{ include "policy-adapter.fullname" . }}-controller
{{- end -}}

{{- define "policy-adapter.controller.selectorLabels" -}}
app.kubernetes.io/name: {{ include "policy-adapter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: controller
{{- end -}}

{{- define "policy-adapter.controller.labels" -}}
{{ include "policy-adapter.controller.selectorLabels" . }}
{{ include "policy-adapter.chartLabels" . }}
{{- end -}}

{{/* The controller's settings file: the values, and what follows from the names of the release. */}}
{{- define "policy-adapter.controller.settings" -}}
{{- $settings := deepCopy .Values.controller.settings -}}
{{- $fullname := include "policy-adapter.fullname" . -}}
{{- $service := ternary (printf "%s-headless" $fullname) $fullname (eq $settings.mesh "envoy-gateway") -}}
{{- $adapter := dict "service" $service "namespace" .Release.Namespace "port" 9001 -}}
{{- $rendered := dict "config_map" (printf "%s-bindings" $fullname) -}}
{{- if hasKey .Values.secretKeys "listener.token" -}}
{{- $_ := set $rendered "token_file" "/etc/policy-adapter-token/token" -}}
{{- end -}}
{{- $_ := set $settings "name" $fullname -}}
{{- $_ := set $settings "adapter" (merge $adapter (default dict $settings.adapter)) -}}
{{- $_ := set $settings "rendered" (merge $rendered (default dict $settings.rendered)) -}}
{{- $_ := set $settings "lease" (dict "name" (include "policy-adapter.controller.fullname" .)) -}}
{{ toYaml $settings }}
{{- end -}}
