{{- define "policy-control-plane.pod" -}}
metadata:
  labels:
    {{- include "policy-control-plane.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "policy-control-plane.serviceAccountName" . | quote }}
  automountServiceAccountToken: false
  # Otherwise the Service makes variables such as POLICY_CONTROL_PLANE_PORT, which are unknown settings.
  enableServiceLinks: false
  # Requests that run have 10 seconds to end.
  terminationGracePeriodSeconds: 30
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: control-plane
      image: {{ include "policy-control-plane.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [policy-control-plane]
      args:
        - serve
        - --listen=0.0.0.0:8085
        - --credentials-file=/var/lib/policy-control-plane/first-admin.json
        - --log-format=json
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        {{- include "policy-control-plane.env" . | nindent 8 }}
      ports:
        - {name: http, containerPort: 8085}
      startupProbe:
        httpGet: {path: /healthz, port: http}
        {{- toYaml .Values.startupProbe | nindent 8 }}
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        {{- toYaml .Values.livenessProbe | nindent 8 }}
      readinessProbe:
        httpGet: {path: /healthz, port: http}
        {{- toYaml .Values.readinessProbe | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "policy-control-plane.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "policy-control-plane.volumes" . | nindent 4 }}
  topologySpreadConstraints:
    {{- include "policy-control-plane.spread" . | nindent 4 }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
{{- end -}}

{{- define "policy-control-plane.env" -}}
{{- if not .Values.secretKeys.database -}}
- name: POLICY_CONTROL_PLANE_DATABASE
  value: /var/lib/policy-control-plane/platform.db
{{- end }}
{{- range $setting, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
- name: POLICY_CONTROL_PLANE_{{ upper $setting }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}
{{- range $setting, $key := .Values.secretKeys }}
- name: POLICY_CONTROL_PLANE_{{ upper $setting }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.existingSecret | quote }}, key: {{ $key | quote }}}}
{{- end }}
{{- range $setting, $key := .Values.secretFiles }}
- name: POLICY_CONTROL_PLANE_{{ upper $setting }}
  value: {{ printf "/etc/policy-control-plane/%s" $key | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policy-control-plane.volumeMounts" -}}
- {name: state, mountPath: /var/lib/policy-control-plane}
- {name: tmp, mountPath: /tmp}
{{- if .Values.secretFiles }}
- {name: secret-files, mountPath: /etc/policy-control-plane, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policy-control-plane.volumes" -}}
- name: state
  {{- if not .Values.secretKeys.database }}
  persistentVolumeClaim: {claimName: {{ default (include "policy-control-plane.fullname" .) .Values.volume.existingClaim | quote }}}
  {{- else }}
  # Only the first admin's password is here.
  emptyDir: {sizeLimit: 64Mi}
  {{- end }}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- if .Values.secretFiles }}
- name: secret-files
  secret:
    secretName: {{ .Values.existingSecret | quote }}
    defaultMode: 0440
    items:
      {{- range $key := .Values.secretFiles }}
      - {key: {{ $key | quote }}, path: {{ $key | quote }}}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "policy-control-plane.spread" -}}
{{- if .Values.topologySpreadConstraints -}}
{{ toYaml .Values.topologySpreadConstraints }}
{{- else -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "policy-control-plane.selectorLabels" . | nindent 6 }}
{{- end -}}
{{- end -}}
